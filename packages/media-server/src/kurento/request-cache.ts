// The answers of one session's latest requests: a request that is sent again is answered again, not executed again.
import { createHash } from 'node:crypto';

/** As long as the original remembers. */
const REMEMBERED_MS = 20_000;
/** These bound the memory of a session that sends faster, or more, than a client needs to; the oldest go first. */
const MAX_ENTRIES = 10_000;
/** Of requests and answers: a question of one line may have a graph of a whole pipeline as its answer. */
const MAX_BYTES = 4 * 1024 * 1024;

/** What makes two requests the same one. */
export interface RequestKey {
  readonly digest: string;
  /** How long the request is. */
  readonly bytes: number;
}

interface Entry<Answer> {
  readonly answer: Promise<Answer>;
  bytes: number;
  readonly storedAt: number;
}

export class RequestCache<Answer> {
  readonly #entries = new Map<string, Entry<Answer>>();
  readonly #lengthOf: (answer: Answer) => number;
  #bytes = 0;

  /** `lengthOf`: about how long an answer is, in bytes. */
  constructor(lengthOf: (answer: Answer) => number) {
    this.#lengthOf = lengthOf;
  }

  /**
   * Id, method and parameters, the session aside. The original goes by the id alone, which gives a client that starts
   * counting anew the answers of other requests.
   */
  static key(id: unknown, method: string, params: Readonly<Record<string, unknown>>): RequestKey {
    const { sessionId: _, ...rest } = params;
    const text = JSON.stringify([id, method, rest]);
    return { digest: createHash('sha256').update(text).digest('base64'), bytes: text.length };
  }

  /** `now`: ms of the monotonic clock. */
  get({ digest }: RequestKey, now: number): Promise<Answer> | undefined {
    const entry = this.#entries.get(digest);
    return entry && now - entry.storedAt < REMEMBERED_MS ? entry.answer : undefined;
  }

  set({ digest, bytes }: RequestKey, answer: Promise<Answer>, now: number): void {
    this.#forget(digest);
    this.forgetOld(now);
    const entry = { answer, bytes, storedAt: now };
    this.#entries.set(digest, entry);
    this.#bytes += bytes;
    this.#forgetTooMuch(entry);
    answer.then(
      (given) => {
        if (this.#entries.get(digest) !== entry) return;
        const length = this.#lengthOf(given);
        entry.bytes += length;
        this.#bytes += length;
        this.#forgetTooMuch(entry);
      },
      // Told to whoever waits for the answer.
      () => undefined,
    );
  }

  /** Also to be called now and then for sessions that send nothing any more. */
  forgetOld(now: number): void {
    for (const [oldest, { storedAt }] of this.#entries) {
      if (now - storedAt < REMEMBERED_MS) return;
      this.#forget(oldest);
    }
  }

  /** The oldest go first, and `kept` not at all. */
  #forgetTooMuch(kept: Entry<Answer>): void {
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= MAX_ENTRIES && this.#bytes <= MAX_BYTES) return;
      if (entry !== kept) this.#forget(oldest);
    }
  }

  #forget(digest: string): void {
    this.#bytes -= this.#entries.get(digest)?.bytes ?? 0;
    this.#entries.delete(digest);
  }
}
