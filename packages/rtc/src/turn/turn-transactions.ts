// Requests to a TURN server that wait for their answers: over UDP repeated, in the end given up (RFC 8489, section 6.2). What
// they ask for is the caller's.
import { STUN_TRANSACTION_ID_LENGTH } from '../stun/stun-message.ts';

/** RFC 8489, section 6.2.1: the first repetition after RTO, then after twice as long each; given up after 3.5 s. */
const RTO_MS = 500;
const MAX_TRIES = 3;
/** TCP repeats by itself, which takes as long as it takes (RFC 8489, section 6.2.2). */
const STREAM_WAIT_MS = 39_500;
/** Where the id begins in a STUN message. */
const ID_OFFSET = 8;

interface Transaction<Purpose> {
  readonly request: Buffer;
  readonly purpose: Purpose;
  tries: number;
  nextAt: number;
}

export class TurnTransactions<Purpose> {
  readonly #isStream: boolean;
  /** By transaction id. */
  readonly #pending = new Map<string, Transaction<Purpose>>();

  /** `isStream`: over TCP or TLS, where each request is sent once. */
  constructor(isStream: boolean) {
    this.#isStream = isStream;
  }

  /** A STUN request, to be sent at `now`, in ms. */
  begin(request: Buffer, purpose: Purpose, now: number): void {
    const id = request.subarray(ID_OFFSET, ID_OFFSET + STUN_TRANSACTION_ID_LENGTH);
    this.#pending.set(id.toString('hex'), { request, purpose, tries: 0, nextAt: now });
  }

  /** What was asked for under this id; undefined: nothing, or it was answered. */
  find(id: Buffer): Purpose | undefined {
    return this.#pending.get(id.toString('hex'))?.purpose;
  }

  /** It is answered. */
  end(id: Buffer): void {
    this.#pending.delete(id.toString('hex'));
  }

  /** When `due` has something next, in ms. */
  get deadline(): number {
    return Math.min(...[...this.#pending.values()].map(({ nextAt }) => nextAt));
  }

  /** The requests that are to be sent now, and what is not to be answered any more. `now` in ms. */
  due(now: number): { readonly requests: Buffer[]; readonly unanswered: Purpose[] } {
    const requests: Buffer[] = [];
    const unanswered: Purpose[] = [];
    for (const [id, transaction] of this.#pending) {
      if (now < transaction.nextAt) continue;
      if (transaction.tries < (this.#isStream ? 1 : MAX_TRIES)) {
        transaction.nextAt = now + (this.#isStream ? STREAM_WAIT_MS : RTO_MS * 2 ** transaction.tries);
        transaction.tries++;
        requests.push(transaction.request);
        continue;
      }
      this.#pending.delete(id);
      unanswered.push(transaction.purpose);
    }
    return { requests, unanswered };
  }
}
