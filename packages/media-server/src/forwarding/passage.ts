// Keeps what is handed from one relay to the next from going round in a circle, and from going on without end. All of it is
// synchronous: who is called, is called by the one before.

/**
 * Through so many relays in a row something passes. Each takes its share of the stack, so a chain that somebody builds without
 * end must end somewhere; pipelines that do something have a handful.
 */
export const MAX_RELAYS_IN_A_ROW = 64;

/** How many relays are at work at this moment, of those that hand things on in one direction. */
export interface Depth {
  value: number;
}

export class Passage {
  readonly #depth: Depth;
  readonly #chainTooLong: (() => void) | undefined;
  #busy = false;

  /** `depth`: shared by all passages of one kind. `chainTooLong` is told each time that something ends there. */
  constructor(depth: Depth, chainTooLong?: () => void) {
    this.#depth = depth;
    this.#chainTooLong = chainTooLong;
  }

  /** False: what wants to pass has passed here before, or has come too far already. True: `leave` must follow. */
  enter(): boolean {
    if (this.#busy) return false;
    if (this.#depth.value >= MAX_RELAYS_IN_A_ROW) {
      this.#chainTooLong?.();
      return false;
    }
    this.#busy = true;
    this.#depth.value++;
    return true;
  }

  leave(): void {
    this.#busy = false;
    this.#depth.value--;
  }
}
