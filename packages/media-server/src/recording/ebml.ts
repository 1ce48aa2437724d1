// Writes elements of EBML (RFC 8794), of which WebM and Matroska consist. Which ones there are is not known here.

/** The first size that does not fit into one byte; all ones mean that it is unknown (section 6.2). */
const ONE_BYTE_SIZES = 127;
const FOUR_BYTE_SIZES = 2 ** 28 - 1;

const VOID_ID = 0xec;
const VOID_HEADER_LENGTH = 2;

/** @throws Error for 256 MiB and more */
export function element(id: number, ...data: readonly Buffer[]): Buffer {
  const size = data.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([unsigned(id), sizeOf(size), ...data]);
}

/** One that every reader skips (section 11.3.2), of 2 to 128 bytes. */
export function voidElement(length: number): Buffer {
  return element(VOID_ID, Buffer.alloc(length - VOID_HEADER_LENGTH));
}

/** A whole number below 2^53, in as few bytes as it needs, or in `length`. */
export function unsigned(value: number, length = 1): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(Math.max(2 * length, hex.length + (hex.length % 2)), '0'), 'hex');
}

export function float(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

function sizeOf(size: number): Buffer {
  if (size < ONE_BYTE_SIZES) return Buffer.of(0x80 | size);
  if (size >= FOUR_BYTE_SIZES) throw new Error(`An element of ${size} bytes is too large`);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(0x1000_0000 + size);
  return bytes;
}
