// Writes the few ASN.1 types of a certificate in DER (ITU-T X.690). No reader: OpenSSL reads certificates.

/** A value of any type after its tag and length. */
export function der(tag: number, ...content: Buffer[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.of(tag), derLength(length), ...content]);
}

export function derSequence(...content: Buffer[]): Buffer {
  return der(0x30, ...content);
}

export function derSet(...content: Buffer[]): Buffer {
  return der(0x31, ...content);
}

/** `magnitude`: a number that is not negative, big-endian, with any number of leading zeros. */
export function derInteger(magnitude: Buffer): Buffer {
  const start = magnitude.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Buffer.of(0) : magnitude.subarray(start);
  // The first bit is the sign.
  return digits[0] < 0x80 ? der(0x02, digits) : der(0x02, Buffer.of(0), digits);
}

/** `bytes`: a whole number of bytes. */
export function derBitString(bytes: Buffer): Buffer {
  return der(0x03, Buffer.of(0), bytes);
}

export function derUtf8(text: string): Buffer {
  return der(0x0c, Buffer.from(text, 'utf8'));
}

/** `identifier`: numbers with dots. */
export function derObjectIdentifier(identifier: string): Buffer {
  const [first, second, ...rest] = identifier.split('.').map(Number);
  const bytes: number[] = [];
  for (const number of [first * 40 + second, ...rest]) {
    const septets = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
    bytes.push(...septets);
  }
  return der(0x06, Buffer.from(bytes));
}

/** To the second, in UTC: with two digits of the year up to 2049, with four after it (RFC 5280, section 4.1.2.5). */
export function derTime(date: Date): Buffer {
  const digits = date.toISOString().slice(0, 19).replace(/[-T:]/g, '');
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(`${digits.slice(2)}Z`, 'ascii'))
    : der(0x18, Buffer.from(`${digits}Z`, 'ascii'));
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.of(0x80 | bytes.length, ...bytes);
}
