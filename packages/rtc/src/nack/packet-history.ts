// The packets of the last moments by sequence number, for sending them again. A ring: putting allocates nothing.

export class PacketHistory<T> {
  /** The sequence number that each slot holds; NaN, which equals nothing, for an empty one. */
  readonly #sequences: Float64Array;
  readonly #values: (T | undefined)[];
  readonly #mask: number;

  /** `capacity`: how many sequence numbers it spans, 1 to 65,536; rounded up to a power of two. */
  constructor(capacity: number) {
    if (!(capacity >= 1 && capacity <= 65_536)) throw new RangeError(`a packet history of ${capacity}`);
    const slots = 2 ** Math.ceil(Math.log2(capacity));
    this.#mask = slots - 1;
    this.#sequences = new Float64Array(slots).fill(NaN);
    this.#values = new Array<T | undefined>(slots).fill(undefined);
  }

  /**
   * Keeps `value`, in place of what came a ring's length before it. False, and not kept, when the number has a value
   * already, or is so old that it may have had one.
   */
  put(extendedSequence: number, value: T): boolean {
    const slot = extendedSequence & this.#mask;
    if (this.#sequences[slot] >= extendedSequence) return false;
    this.#sequences[slot] = extendedSequence;
    this.#values[slot] = value;
    return true;
  }

  /** The value put under exactly this number; undefined when there is none or it is too old. */
  get(extendedSequence: number): T | undefined {
    const slot = extendedSequence & this.#mask;
    return this.#sequences[slot] === extendedSequence ? this.#values[slot] : undefined;
  }

  /** Lets go of everything, for instance when the source changes. */
  clear(): void {
    this.#sequences.fill(NaN);
    this.#values.fill(undefined);
  }
}
