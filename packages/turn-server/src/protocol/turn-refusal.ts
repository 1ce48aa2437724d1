// The errors of STUN and TURN that this server answers with, and the one function that puts them on the wire.
import {
  STUN_ATTRIBUTE,
  buildStun,
  errorCodeAttribute,
  textAttribute,
  unknownAttributesAttribute,
  type StunMessage,
} from '@parley/rtc';

/** RFC 8489, section 14.8, and RFC 8656, section 19. 446 (TCP relaying, RFC 6062) cannot occur: only UDP is relayed. */
const REASONS = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  420: 'Unknown Attribute',
  437: 'Allocation Mismatch',
  438: 'Stale Nonce',
  440: 'Address Family not Supported',
  441: 'Wrong Credentials',
  442: 'Unsupported Transport Protocol',
  443: 'Peer Address Family Mismatch',
  486: 'Allocation Quota Reached',
  508: 'Insufficient Capacity',
} as const;

export type TurnErrorCode = keyof typeof REASONS;

/** An authenticated request that is answered with an error. */
export class TurnRefusal extends Error {
  readonly code: TurnErrorCode;
  readonly unknownAttributes: readonly number[];

  /** For the log only: the peer of a 403. */
  readonly peer: string | undefined;

  constructor(
    code: TurnErrorCode,
    reason: string = REASONS[code],
    unknownAttributes: readonly number[] = [],
    peer?: string,
  ) {
    super(reason);
    this.name = 'TurnRefusal';
    this.code = code;
    this.unknownAttributes = unknownAttributes;
    this.peer = peer;
  }
}

/** The answer to an authenticated request, with MESSAGE-INTEGRITY by `key`. */
export function refusalResponse(request: StunMessage, refusal: TurnRefusal, key: Buffer | undefined): Buffer {
  const attributes = [errorCodeAttribute(refusal.code, refusal.message)];
  if (refusal.unknownAttributes.length > 0)
    attributes.push(unknownAttributesAttribute(refusal.unknownAttributes));
  return buildStun({
    messageClass: 'error',
    method: request.method,
    transactionId: request.transactionId,
    attributes,
    ...(key === undefined ? {} : { integrityKey: key }),
    fingerprint: request.fingerprintOffset !== undefined,
  });
}

/** The answer to an unauthenticated request, as short as it can be; 401 and 438 bring realm and nonce. */
export function challengeResponse(
  request: StunMessage,
  code: 400 | 401 | 438,
  realm: string,
  nonce: string,
): Buffer {
  const attributes = [errorCodeAttribute(code, REASONS[code])];
  if (code !== 400)
    attributes.push(textAttribute(STUN_ATTRIBUTE.REALM, realm), textAttribute(STUN_ATTRIBUTE.NONCE, nonce));
  return buildStun({
    messageClass: 'error',
    method: request.method,
    transactionId: request.transactionId,
    attributes,
    fingerprint: request.fingerprintOffset !== undefined,
  });
}
