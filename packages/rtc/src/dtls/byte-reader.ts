// Reads the presentation language of TLS (RFC 5246, section 4) with every length checked. Not a parser of messages.
import { MalformedMessageError } from './dtls-errors.ts';

export class ByteReader {
  readonly #bytes: Buffer;
  readonly #name: string;
  #position = 0;

  /** `name` goes into the error of a read past the end. */
  constructor(bytes: Buffer, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  uint8(): number {
    return this.bytes(1)[0];
  }

  uint16(): number {
    return this.bytes(2).readUInt16BE(0);
  }

  uint24(): number {
    return this.bytes(3).readUIntBE(0, 3);
  }

  /** The next `length` bytes; shares memory with what is read. */
  bytes(length: number): Buffer {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new MalformedMessageError(`${this.#name} is cut short`);
    const bytes = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return bytes;
  }

  vector8(): Buffer {
    return this.bytes(this.uint8());
  }

  vector16(): Buffer {
    return this.bytes(this.uint16());
  }

  vector24(): Buffer {
    return this.bytes(this.uint24());
  }

  /** A list of 16-bit numbers after its 16-bit length in bytes. */
  uint16List(): number[] {
    const list = new ByteReader(this.vector16(), this.#name);
    const numbers: number[] = [];
    while (!list.isAtEnd) numbers.push(list.uint16());
    return numbers;
  }

  /** Throws MalformedMessageError when something is left. */
  expectEnd(): void {
    if (!this.isAtEnd) throw new MalformedMessageError(`${this.#name} is longer than its content`);
  }
}

/** `bytes` after their length in `lengthBytes` bytes. */
export function vector(lengthBytes: 1 | 2 | 3, bytes: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(bytes.length, 0, lengthBytes);
  return Buffer.concat([length, bytes]);
}

export function uint16s(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 2);
  numbers.forEach((number, index) => bytes.writeUInt16BE(number, index * 2));
  return bytes;
}
