// Warnings that others can cause at will: of each, only the first, the tenth, the hundredth … becomes a line.
import type { Logger } from 'pino';

export class RareWarnings {
  readonly #log: Logger;
  readonly #times = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param message always the same for the same thing: it is what is counted */
  warn(facts: object, message: string): void {
    const times = (this.#times.get(message) ?? 0) + 1;
    this.#times.set(message, times);
    if (Number.isInteger(Math.log10(times))) this.#log.warn({ ...facts, times }, message);
  }
}
