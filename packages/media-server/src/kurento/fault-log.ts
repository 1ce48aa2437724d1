// Keeps faults that others cause from flooding the log: so many lines per period, then one that says how many were left out.
import type { Logger } from 'pino';

/** So many lines in so many ms. */
interface Rate {
  readonly lines: number;
  readonly periodMs: number;
}

export class FaultLog {
  readonly #log: Logger;
  readonly #rate: Rate;
  #periodStart = -Infinity;
  #lines = 0;
  #leftOut = 0;

  constructor(log: Logger, rate: Rate = { lines: 10, periodMs: 10_000 }) {
    this.#log = log;
    this.#rate = rate;
  }

  /** `now`: ms of the monotonic clock. */
  warn(now: number, fields: Record<string, unknown>, message: string): void {
    if (now - this.#periodStart >= this.#rate.periodMs) {
      if (this.#leftOut > 0)
        this.#log.warn({ count: this.#leftOut }, 'further faults were left out of the log');
      this.#periodStart = now;
      this.#lines = 0;
      this.#leftOut = 0;
    }
    if (this.#lines >= this.#rate.lines) {
      this.#leftOut++;
      return;
    }
    this.#lines++;
    this.#log.warn(fields, message);
  }
}
