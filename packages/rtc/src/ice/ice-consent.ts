// Asks a peer that has fallen silent whether it still wants our packets (RFC 7675, section 5.1). Browsers go on checking
// themselves; libnice, and with it GStreamer, Janus and Kurento, checks no more once it has nominated, and only answers.
// Time in, questions out; it knows no sockets.
import { IceChecks } from './ice-checks.ts';
import type { IceCredentials } from './ice-credentials.ts';
import { ICE_FAILED_AFTER, type IceSource } from './ice-lite-agent.ts';

/** Early enough for two questions before the peer counts as disconnected, late enough for most browsers' own checks. */
const ASK_AFTER_MS = 5_000;
const REPEAT_MS = 1_000;

export class IceConsent<Source extends IceSource = IceSource> {
  readonly #checks: IceChecks<Source>;
  #nextAt = -Infinity;

  constructor(local: IceCredentials, remote: IceCredentials) {
    this.#checks = new IceChecks(local, remote, 'controlled');
  }

  /**
   * The question for `source`, if one is due. `silence`: for how long nothing was heard from there, in ms; after the end of
   * consent nothing is asked any more. `now` in ms.
   */
  due(source: Source, silence: number, now: number): Buffer | undefined {
    if (silence < ASK_AFTER_MS || silence >= ICE_FAILED_AFTER || now < this.#nextAt) return undefined;
    this.#nextAt = now + REPEAT_MS;
    return this.#checks.ask(source);
  }

  /** Takes a STUN message; gives whether it is the authentic answer to a question, from the very source that was asked. */
  handleAnswer(bytes: Buffer, from: Source): boolean {
    if (!this.#checks.answered(bytes, (asked) => asked === from)) return false;
    this.#checks.forget();
    return true;
  }
}
