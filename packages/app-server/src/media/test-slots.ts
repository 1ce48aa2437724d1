// How many tests may run at once: they need no room and no invitation, so they must not be able to fill the server.
import { AddressLimit } from '../signalling/address-limit.ts';

export const MAX_TESTS = 20;
/** Of one address, so that nobody takes all of them: a few people behind one router still find room. */
export const MAX_TESTS_OF_ADDRESS = 3;

export class TestSlots {
  readonly #max: number;
  readonly #ofAddress: AddressLimit;
  #taken = 0;

  constructor(max = MAX_TESTS, maxOfAddress = MAX_TESTS_OF_ADDRESS) {
    this.#max = max;
    this.#ofAddress = new AddressLimit(maxOfAddress);
  }

  /** False when all are taken. Each `true` is followed by one `give`. */
  take(address: string): boolean {
    if (this.#taken >= this.#max || !this.#ofAddress.take(address)) return false;
    this.#taken++;
    return true;
  }

  give(address: string): void {
    this.#ofAddress.give(address);
    this.#taken--;
  }
}
