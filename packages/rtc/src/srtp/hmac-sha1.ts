// HMAC-SHA1 (RFC 2104) over packets. Built from two one-shot hashes: half the time of createHmac (1.2 against 2.4 µs
// for 1,100 bytes), because no object is made and a digest comes back cheaper as a string than as a Buffer.
import { hash } from 'node:crypto';

const BLOCK_LENGTH = 64;
const DIGEST_LENGTH = 20;
const MAX_INPUT_LENGTH = 65_536 + 4;

/** The padded key, then the input. Shared by all instances: filled and used up within one call. */
const inner = Buffer.alloc(BLOCK_LENGTH + MAX_INPUT_LENGTH);

/** Where the caller puts what is to be authenticated. Valid until the next use by anyone. 64-bit aligned. */
export const hmacInput = inner.subarray(BLOCK_LENGTH);
export const hmacInputWords = new Uint32Array(hmacInput.buffer, hmacInput.byteOffset, MAX_INPUT_LENGTH / 4);

export class HmacSha1 {
  readonly #innerKey = Buffer.alloc(BLOCK_LENGTH, 0x36);
  /** The padded key, then the inner digest. */
  readonly #outer = Buffer.alloc(BLOCK_LENGTH + DIGEST_LENGTH, 0x5c);

  /** `key`: at most 64 bytes; SRTP's has 20. */
  constructor(key: Buffer) {
    if (key.length > BLOCK_LENGTH)
      throw new RangeError(`an HMAC key of ${key.length} bytes is not supported`);
    for (const [i, byte] of key.entries()) {
      this.#innerKey[i] ^= byte;
      this.#outer[i] ^= byte;
    }
  }

  /** The digest of the first `length` bytes of `hmacInput`, as a string of 20 characters, one per byte. */
  digest(length: number): string {
    this.#innerKey.copy(inner);
    this.#outer.write(
      hash('sha1', inner.subarray(0, BLOCK_LENGTH + length), 'binary'),
      BLOCK_LENGTH,
      'latin1',
    );
    return hash('sha1', this.#outer, 'binary');
  }
}

/** Whether `tag` is the beginning of `digest`. Takes the same time wherever they differ. */
export function tagMatches(digest: string, packet: Buffer, tagOffset: number, tagLength: number): boolean {
  let difference = 0;
  for (let i = 0; i < tagLength; i++) difference |= packet[tagOffset + i] ^ digest.charCodeAt(i);
  return difference === 0;
}
