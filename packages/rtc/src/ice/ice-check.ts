// The binding request by which one end of ICE asks the other whether packets arrive, and are wanted. Who asks whom, and when,
// is decided elsewhere: ice-prober.ts, ice-consent.ts.
import { STUN_ATTRIBUTE, textAttribute, uint32Attribute } from '../stun/stun-attributes.ts';
import { buildStun, STUN_METHOD_BINDING } from '../stun/stun-message.ts';
import type { IceCredentials } from './ice-credentials.ts';

/** Any; that of a host candidate of ours (RFC 8445, section 5.1.2). */
const PRIORITY = 0x7e00_00ff;

/** Of the one who asks. A controlling one nominates with its first question: it sees no other pair of addresses. */
export type IceRole = 'controlling' | 'controlled';

/** One whole message (RFC 8445, section 7.2.2). `tieBreaker`: eight bytes, the same for all questions of a session. */
export function iceCheck(options: {
  readonly local: IceCredentials;
  readonly remote: IceCredentials;
  readonly role: IceRole;
  readonly tieBreaker: Buffer;
  readonly transactionId: Buffer;
}): Buffer {
  const { local, remote, role, tieBreaker, transactionId } = options;
  return buildStun({
    messageClass: 'request',
    method: STUN_METHOD_BINDING,
    transactionId,
    attributes: [
      textAttribute(STUN_ATTRIBUTE.USERNAME, `${remote.ufrag}:${local.ufrag}`),
      uint32Attribute(STUN_ATTRIBUTE.PRIORITY, PRIORITY),
      ...(role === 'controlled'
        ? [{ type: STUN_ATTRIBUTE.ICE_CONTROLLED, value: tieBreaker }]
        : [
            { type: STUN_ATTRIBUTE.ICE_CONTROLLING, value: tieBreaker },
            { type: STUN_ATTRIBUTE.USE_CANDIDATE, value: Buffer.alloc(0) },
          ]),
    ],
    integrityKey: remote.pwd,
    fingerprint: true,
  });
}
