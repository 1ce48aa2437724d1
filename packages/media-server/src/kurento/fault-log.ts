// Keeps faults that others cause from flooding the log: so many lines per period, then one that says how many were left out.
import type { Logger } from 'pino';

const LINES_PER_PERIOD = 10;
const PERIOD_MS = 10_000;

export class FaultLog {
  readonly #log: Logger;
  #periodStart = -Infinity;
  #lines = 0;
  #leftOut = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `now`: ms of the monotonic clock. */
  warn(now: number, fields: Record<string, unknown>, message: string): void {
    if (now - this.#periodStart >= PERIOD_MS) {
      if (this.#leftOut > 0)
        this.#log.warn({ count: this.#leftOut }, 'further faults were left out of the log');
      this.#periodStart = now;
      this.#lines = 0;
      this.#leftOut = 0;
    }
    if (this.#lines >= LINES_PER_PERIOD) {
      this.#leftOut++;
      return;
    }
    this.#lines++;
    this.#log.warn(fields, message);
  }
}
