// Reads fields of any number of bits from a Buffer, most significant bit first. For headers, not for the packet path.

/** Never throws: beyond the end it reads zeros and says so in `overrun`. */
export class BitReader {
  readonly #data: Buffer;
  #position = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  /** Whether more was read than there is: everything read so far is then worthless. */
  get overrun(): boolean {
    return this.#position > this.#data.length * 8;
  }

  /** An unsigned number of `count` bits, 0 to 32. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const byte = this.#data[this.#position >> 3] ?? 0;
      value = value * 2 + ((byte >> (7 - (this.#position & 7))) & 1);
      this.#position++;
    }
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  skip(count: number): void {
    this.#position += count;
  }

  /** Unsigned Exp-Golomb, ue(v) of H.264 and uvlc() of AV1. */
  exponentialGolomb(): number {
    let zeros = 0;
    while (!this.flag()) {
      zeros++;
      if (zeros > 31 || this.overrun) return 0;
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Signed Exp-Golomb, se(v) of H.264. */
  signedExponentialGolomb(): number {
    const code = this.exponentialGolomb();
    return code & 1 ? (code + 1) / 2 : -(code / 2);
  }
}
