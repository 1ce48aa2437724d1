// The binding requests by which one end of ICE asks the other whether packets arrive, and are wanted, and the answers to them.
// Who is asked, and when, is decided elsewhere: ice-prober.ts, ice-consent.ts.
import { randomBytes } from 'node:crypto';
import {
  STUN_ATTRIBUTE,
  textAttribute,
  uint32Attribute,
  type StunAttribute,
} from '../stun/stun-attributes.ts';
import {
  buildStun,
  parseStun,
  STUN_METHOD_BINDING,
  STUN_TRANSACTION_ID_LENGTH,
  verifyFingerprint,
  verifyIntegrity,
} from '../stun/stun-message.ts';
import type { IceCredentials } from './ice-credentials.ts';
import type { IceSource } from './ice-lite-agent.ts';

/** Any; that of a host candidate of ours (RFC 8445, section 5.1.2). */
const PRIORITY = 0x7e00_00ff;
/** More than are sent until consent has run out; of older ones no answer counts any more. */
const MAX_PENDING = 32;

/** Of the one who asks. A controlling one nominates with its first question: it sees no other pair of addresses. */
export type IceRole = 'controlling' | 'controlled';

export class IceChecks<Source extends IceSource> {
  readonly #local: IceCredentials;
  readonly #remote: IceCredentials;
  readonly #ofRole: readonly StunAttribute[];
  /** Whom a question went to, by its transaction id; the oldest first. */
  readonly #pending = new Map<string, Source>();

  constructor(local: IceCredentials, remote: IceCredentials, role: IceRole) {
    this.#local = local;
    this.#remote = remote;
    const tieBreaker = randomBytes(8);
    this.#ofRole =
      role === 'controlled'
        ? [{ type: STUN_ATTRIBUTE.ICE_CONTROLLED, value: tieBreaker }]
        : [
            { type: STUN_ATTRIBUTE.ICE_CONTROLLING, value: tieBreaker },
            { type: STUN_ATTRIBUTE.USE_CANDIDATE, value: Buffer.alloc(0) },
          ];
  }

  /** One whole message for `source` (RFC 8445, section 7.2.2). */
  ask(source: Source): Buffer {
    const transactionId = randomBytes(STUN_TRANSACTION_ID_LENGTH);
    this.#pending.set(transactionId.toString('hex'), source);
    const [oldest] = this.#pending.keys();
    if (this.#pending.size > MAX_PENDING && oldest !== undefined) this.#pending.delete(oldest);
    return buildStun({
      messageClass: 'request',
      method: STUN_METHOD_BINDING,
      transactionId,
      attributes: [
        textAttribute(STUN_ATTRIBUTE.USERNAME, `${this.#remote.ufrag}:${this.#local.ufrag}`),
        uint32Attribute(STUN_ATTRIBUTE.PRIORITY, PRIORITY),
        ...this.#ofRole,
      ],
      integrityKey: this.#remote.pwd,
      fingerprint: true,
    });
  }

  /**
   * Takes a STUN message. Gives whom it was asked of when it is the authentic answer to a question, and comes from there as
   * `isFrom` sees it; once for each question.
   */
  answered(bytes: Buffer, isFrom: (asked: Source) => boolean): Source | undefined {
    if (this.#pending.size === 0) return undefined;
    const answer = parseStun(bytes);
    if (answer?.messageClass !== 'success' || answer.method !== STUN_METHOD_BINDING) return undefined;
    const id = answer.transactionId.toString('hex');
    const asked = this.#pending.get(id);
    if (asked === undefined || !isFrom(asked)) return undefined;
    if (!verifyFingerprint(answer) || !verifyIntegrity(answer, this.#remote.pwd)) return undefined;
    this.#pending.delete(id);
    return asked;
  }

  /** What has been asked needs no answer any more. */
  forget(): void {
    this.#pending.clear();
  }
}
