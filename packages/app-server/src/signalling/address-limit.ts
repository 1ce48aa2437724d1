// How many of something one address has at a time. Knows neither sockets nor tests.

export class AddressLimit {
  readonly #max: number;
  readonly #taken = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** False when the address has all that it may have. Each `true` is followed by one `give`. */
  take(address: string): boolean {
    const taken = this.#taken.get(address) ?? 0;
    if (taken >= this.#max) return false;
    this.#taken.set(address, taken + 1);
    return true;
  }

  give(address: string): void {
    const left = (this.#taken.get(address) ?? 0) - 1;
    if (left > 0) this.#taken.set(address, left);
    else this.#taken.delete(address);
  }
}
