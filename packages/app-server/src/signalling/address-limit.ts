// How many of something one address has at a time. Knows neither sockets nor tests.
import { addressGroup } from '../http/address-group.ts';

export class AddressLimit {
  readonly #max: number;
  /** By groups of addresses that count as one. */
  readonly #taken = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** False when the address has all that it may have. Each `true` is followed by one `give`. */
  take(address: string): boolean {
    const group = addressGroup(address);
    const taken = this.#taken.get(group) ?? 0;
    if (taken >= this.#max) return false;
    this.#taken.set(group, taken + 1);
    return true;
  }

  give(address: string): void {
    const group = addressGroup(address);
    const left = (this.#taken.get(group) ?? 0) - 1;
    if (left > 0) this.#taken.set(group, left);
    else this.#taken.delete(group);
  }
}
