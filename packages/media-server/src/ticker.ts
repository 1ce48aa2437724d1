// One periodic timer for the whole media plane, so that a thousand endpoints do not own a thousand timers.

/** Fine enough for NACK and feedback intervals, coarse enough to cost nothing when idle. */
export const TICK_MS = 20;

/** `now`: ms of the monotonic clock. */
export type TickListener = (now: number) => void;

export interface TickerOptions {
  /** Told when a listener threw: the others are called all the same. */
  onFault(error: unknown): void;
}

export class Ticker {
  readonly #listeners = new Set<TickListener>();
  readonly #options: TickerOptions;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: TickerOptions) {
    this.#options = options;
  }

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
    for (const listener of this.#listeners) {
      try {
        listener(now);
      } catch (error) {
        this.#options.onFault(error);
      }
    }
  }
}
