// Merges the key frame requests of many receivers of one source, so that the sender is asked seldom enough.
// Whether the request travels as PLI or FIR is the caller's business.

/** A key frame costs several times an ordinary one, and one is on its way for about a round trip after a request. */
const DEFAULT_INTERVAL_MS = 500;

/** All times: ms of the monotonic clock. */
export class KeyframeRequestThrottle {
  readonly #intervalMs: number;
  #lastSentAt = -Infinity;
  #waiting = false;

  constructor(intervalMs = DEFAULT_INTERVAL_MS) {
    this.#intervalMs = intervalMs;
  }

  /** A receiver wants a key frame. True: ask the sender now. False: `due` will say when. */
  request(now: number): boolean {
    this.#waiting = true;
    return this.due(now);
  }

  /** Whether requests that had to wait are to be sent now, as one; to be called periodically. */
  due(now: number): boolean {
    if (!this.#waiting || now - this.#lastSentAt < this.#intervalMs) return false;
    this.#waiting = false;
    this.#lastSentAt = now;
    return true;
  }

  /** A key frame has come in: it serves everyone who waits. */
  keyframeSeen(): void {
    this.#waiting = false;
  }
}
