// One periodic timer for the whole media plane, so that a thousand endpoints do not own a thousand timers.

/** Fine enough for NACK and feedback intervals, coarse enough to cost nothing when idle. */
export const TICK_MS = 20;

/** `now`: ms of the monotonic clock. */
export type TickListener = (now: number) => void;

export class Ticker {
  readonly #listeners = new Set<TickListener>();
  #timer: ReturnType<typeof setInterval> | undefined;

  add(listener: TickListener): void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  remove(listener: TickListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#listeners.clear();
  }

  #tick(): void {
    const now = performance.now();
    for (const listener of this.#listeners) listener(now);
  }
}
