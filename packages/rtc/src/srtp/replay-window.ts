// Remembers which of the latest packet indexes have been seen (RFC 3711, section 3.3.2).

export class ReplayWindow {
  readonly #seen: Uint8Array;
  readonly #size: number;
  #highest = -1;

  /** `size`: how many indexes, counted back from the highest one, are told apart; older ones are refused. */
  constructor(size: number) {
    this.#size = size;
    this.#seen = new Uint8Array(size);
  }

  /** The highest index added; -1 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** Whether the index may be accepted: neither seen nor too old. Changes nothing, so it can precede authentication. */
  accepts(index: number): boolean {
    if (index > this.#highest) return true;
    return index >= 0 && this.#highest - index < this.#size && this.#seen[index % this.#size] === 0;
  }

  /** Adds an index that `accepts` agreed to. Only for authenticated packets. */
  add(index: number): void {
    if (index > this.#highest) {
      const skipped = index - this.#highest;
      if (skipped >= this.#size) this.#seen.fill(0);
      else for (let i = this.#highest + 1; i < index; i++) this.#seen[i % this.#size] = 0;
      this.#highest = index;
    }
    this.#seen[index % this.#size] = 1;
  }
}
