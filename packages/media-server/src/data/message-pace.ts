// How fast messages of one peer go on: each is work for every peer that it goes to. Above the pace nothing is lost: the
// peer has to wait, as for one that has no room. Owns one timer, which close() ends.

/**
 * Messages times receivers, a second: about a third of a core. That is 250 messages a second to 20 viewers, or a file in
 * pieces of 16 KiB at 32 Mbit/s to each of them.
 */
const PER_SECOND = 5_000;

/** What may come at once, in ms of the above. */
const BURST_MS = 1_000;

/** Who has to wait does so for at least so long, rather than for each message anew. In ms. */
const LEAST_WAIT_MS = 20;

export class MessagePace {
  /** The moment up to which what has gone on is paid for, in ms. */
  #paidUntil = 0;
  #waiting: { readonly over: Promise<void>; readonly end: () => void } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** A message goes on to so many receivers. Undefined: so may the next one; else resolves when it may. `now` in ms. */
  passed(receivers: number, now: number): Promise<void> | undefined {
    if (this.#closed) return undefined;
    this.#paidUntil = Math.max(this.#paidUntil, now) + (receivers * 1_000) / PER_SECOND;
    const excess = this.#paidUntil - now - BURST_MS;
    if (excess <= 0) return undefined;
    return (this.#waiting ?? this.#wait(excess + LEAST_WAIT_MS)).over;
  }

  /** Nobody waits any more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#end();
  }

  #wait(duration: number): { readonly over: Promise<void>; readonly end: () => void } {
    let end: () => void = () => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    this.#timer = setTimeout(() => this.#end(), duration);
    return (this.#waiting = { over, end });
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting?.end();
    this.#waiting = undefined;
  }
}
