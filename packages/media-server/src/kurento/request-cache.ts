// The answers of one session's latest requests: a request that is sent again is answered again, not executed again.
import { createHash } from 'node:crypto';

/** As long as the original remembers. */
const REMEMBERED_MS = 20_000;
/** Bounds the memory of a session that sends faster than a client needs to. */
const MAX_ENTRIES = 10_000;

interface Entry<Answer> {
  readonly answer: Promise<Answer>;
  readonly storedAt: number;
}

export class RequestCache<Answer> {
  readonly #entries = new Map<string, Entry<Answer>>();

  /**
   * What makes two requests the same one: id, method and parameters, the session aside. The original goes by the id
   * alone, which gives a client that starts counting anew the answers of other requests.
   */
  static key(id: unknown, method: string, params: Readonly<Record<string, unknown>>): string {
    const { sessionId: _, ...rest } = params;
    return createHash('sha256')
      .update(JSON.stringify([id, method, rest]))
      .digest('base64');
  }

  /** `now`: ms of the monotonic clock. */
  get(key: string, now: number): Promise<Answer> | undefined {
    const entry = this.#entries.get(key);
    return entry && now - entry.storedAt < REMEMBERED_MS ? entry.answer : undefined;
  }

  set(key: string, answer: Promise<Answer>, now: number): void {
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size < MAX_ENTRIES && now - entry.storedAt < REMEMBERED_MS) break;
      this.#entries.delete(oldest);
    }
    this.#entries.delete(key);
    this.#entries.set(key, { answer, storedAt: now });
  }
}
