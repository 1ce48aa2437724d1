// The answers of an ICE-lite agent to binding requests.
import {
  STUN_ATTRIBUTE,
  errorCodeAttribute,
  unknownAttributesAttribute,
  xorAddressAttribute,
  type TransportAddress,
} from '../stun/stun-attributes.ts';
import { STUN_METHOD_BINDING, buildStun, type StunMessage } from '../stun/stun-message.ts';

const REASONS = {
  400: 'Bad Request',
  401: 'Unauthenticated',
  403: 'Forbidden',
  420: 'Unknown Attribute',
  487: 'Role Conflict',
} as const;

/** RFC 8445, section 7.3.1.2, and RFC 8489, section 6.3.1.1. */
export function bindingSuccess(request: StunMessage, source: TransportAddress, key: string): Buffer {
  return buildStun({
    messageClass: 'success',
    method: STUN_METHOD_BINDING,
    transactionId: request.transactionId,
    attributes: [xorAddressAttribute(STUN_ATTRIBUTE.XOR_MAPPED_ADDRESS, source, request.transactionId)],
    integrityKey: key,
    fingerprint: true,
  });
}

/** `key`: undefined when the request was not authenticated, so that the answer must not be either (RFC 8489, 9.1.3). */
export function bindingError(
  request: StunMessage,
  code: keyof typeof REASONS,
  key: string | undefined,
  unknownAttributes: readonly number[] = [],
): Buffer {
  const attributes = [errorCodeAttribute(code, REASONS[code])];
  if (unknownAttributes.length > 0) attributes.push(unknownAttributesAttribute(unknownAttributes));
  return buildStun({
    messageClass: 'error',
    method: STUN_METHOD_BINDING,
    transactionId: request.transactionId,
    attributes,
    ...(key === undefined ? {} : { integrityKey: key }),
    fingerprint: true,
  });
}
