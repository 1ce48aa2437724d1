// Asks a peer that has fallen silent whether it still wants our packets (RFC 7675, section 5.1). Browsers go on checking
// themselves; libnice, and with it GStreamer, Janus and Kurento, checks no more once it has nominated, and only answers.
// Time in, questions out; it knows no sockets.
import { randomBytes } from 'node:crypto';
import {
  parseStun,
  STUN_METHOD_BINDING,
  STUN_TRANSACTION_ID_LENGTH,
  verifyFingerprint,
  verifyIntegrity,
} from '../stun/stun-message.ts';
import { iceCheck } from './ice-check.ts';
import type { IceCredentials } from './ice-credentials.ts';
import { ICE_FAILED_AFTER, type IceSource } from './ice-lite-agent.ts';

/** Early enough for two questions before the peer counts as disconnected, late enough for most browsers' own checks. */
const ASK_AFTER_MS = 5_000;
const REPEAT_MS = 1_000;
/** More than are sent until consent has run out. */
const MAX_PENDING = 32;

export class IceConsent<Source extends IceSource = IceSource> {
  readonly #local: IceCredentials;
  readonly #remote: IceCredentials;
  readonly #tieBreaker = randomBytes(8);
  /** Whom a question went to, by its transaction id; the oldest first. */
  readonly #pending = new Map<string, Source>();
  #nextAt = -Infinity;

  constructor(local: IceCredentials, remote: IceCredentials) {
    this.#local = local;
    this.#remote = remote;
  }

  /**
   * The question for `source`, if one is due. `silence`: for how long nothing was heard from there, in ms; after the end of
   * consent nothing is asked any more. `now` in ms.
   */
  due(source: Source, silence: number, now: number): Buffer | undefined {
    if (silence < ASK_AFTER_MS || silence >= ICE_FAILED_AFTER || now < this.#nextAt) return undefined;
    this.#nextAt = now + REPEAT_MS;
    const transactionId = randomBytes(STUN_TRANSACTION_ID_LENGTH);
    this.#pending.set(transactionId.toString('hex'), source);
    const [oldest] = this.#pending.keys();
    if (this.#pending.size > MAX_PENDING && oldest !== undefined) this.#pending.delete(oldest);
    return iceCheck({
      local: this.#local,
      remote: this.#remote,
      role: 'controlled',
      tieBreaker: this.#tieBreaker,
      transactionId,
    });
  }

  /** Takes a STUN message; gives whether it is the authentic answer to a question, from the very source that was asked. */
  handleAnswer(bytes: Buffer, from: Source): boolean {
    if (this.#pending.size === 0) return false;
    const answer = parseStun(bytes);
    if (answer?.messageClass !== 'success' || answer.method !== STUN_METHOD_BINDING) return false;
    if (this.#pending.get(answer.transactionId.toString('hex')) !== from) return false;
    if (!verifyFingerprint(answer) || !verifyIntegrity(answer, this.#remote.pwd)) return false;
    this.#pending.clear();
    return true;
  }
}
