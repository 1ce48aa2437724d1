// AEAD_AES_128_GCM for SRTP and SRTCP (RFC 7714). One OpenSSL context per packet: Node offers no way to give a new
// nonce to an old one.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import type { SessionKeys } from './key-derivation.ts';
import type { RtcpCipher, RtpCipher, RtpStreamCipher } from './packet-cipher.ts';

const TAG_LENGTH = 16;
const RTCP_HEADER_LENGTH = 8;
const INDEX_WORD_LENGTH = 4;
const ENCRYPTED_FLAG = 0x80000000;

/** The 12-byte nonce of RFC 7714, sections 8.1 and 9.1: salt XOR (0 0 | SSRC | 48-bit index). One buffer, rewritten. */
class Nonce {
  readonly bytes = Buffer.alloc(12);
  readonly #saltOverSsrc: number;
  readonly #saltOverRollover: number;
  readonly #saltOverSequence: number;

  constructor(salt: Buffer) {
    salt.copy(this.bytes);
    this.#saltOverSsrc = salt.readUInt32BE(2);
    this.#saltOverRollover = salt.readUInt32BE(6);
    this.#saltOverSequence = salt.readUInt16BE(10);
  }

  /** `upper` and `lower`: the upper 32 and the lower 16 bits of the index. */
  set(ssrc: number, upper: number, lower: number): Buffer {
    this.bytes.writeUInt32BE((this.#saltOverSsrc ^ ssrc) >>> 0, 2);
    this.bytes.writeUInt32BE((this.#saltOverRollover ^ upper) >>> 0, 6);
    this.bytes.writeUInt16BE(this.#saltOverSequence ^ lower, 10);
    return this.bytes;
  }
}

/** Returns the plaintext, or undefined when the tag does not fit. */
function decrypt(
  key: KeyObject,
  nonce: Buffer,
  aad: Buffer,
  ciphertext: Buffer,
  tag: Buffer,
): Buffer | undefined {
  const decipher = createDecipheriv('aes-128-gcm', key, nonce);
  decipher.setAAD(aad);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
  } catch {
    // The only reason for final() to throw in this mode: the tag is wrong. An expected event on an open port.
    return undefined;
  }
  return plaintext;
}

export class AesGcmRtpCipher implements RtpCipher, RtpStreamCipher {
  readonly overhead = TAG_LENGTH;
  readonly #key: KeyObject;
  readonly #nonce: Nonce;

  constructor(keys: SessionKeys) {
    this.#key = createSecretKey(keys.cipherKey);
    this.#nonce = new Nonce(keys.cipherSalt);
  }

  /** Nothing is kept per SSRC. */
  forStream(): RtpStreamCipher {
    return this;
  }

  seal(packet: Buffer, headerLength: number, rolloverCounter: number): Buffer {
    const nonce = this.#nonce.set(packet.readUInt32BE(8), rolloverCounter, packet.readUInt16BE(2));
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce);
    cipher.setAAD(packet.subarray(0, headerLength));
    const ciphertext = cipher.update(packet.subarray(headerLength));
    cipher.final();
    const sealed = Buffer.allocUnsafe(packet.length + TAG_LENGTH);
    packet.copy(sealed, 0, 0, headerLength);
    sealed.set(ciphertext, headerLength);
    sealed.set(cipher.getAuthTag(), packet.length);
    return sealed;
  }

  open(packet: Buffer, headerLength: number, rolloverCounter: number): Buffer | undefined {
    const clearLength = packet.length - TAG_LENGTH;
    const nonce = this.#nonce.set(packet.readUInt32BE(8), rolloverCounter, packet.readUInt16BE(2));
    const plaintext = decrypt(
      this.#key,
      nonce,
      packet.subarray(0, headerLength),
      packet.subarray(headerLength, clearLength),
      packet.subarray(clearLength),
    );
    if (plaintext === undefined) return undefined;
    packet.set(plaintext, headerLength);
    return packet.subarray(0, clearLength);
  }
}

/** The sealed packet: header (8) | ciphertext | tag (16) | E flag and index (4). RFC 7714, section 9.2. */
export class AesGcmRtcpCipher implements RtcpCipher {
  readonly overhead = TAG_LENGTH + INDEX_WORD_LENGTH;
  readonly #key: KeyObject;
  readonly #nonce: Nonce;
  /** The associated data: header, E flag and index. */
  readonly #aad = Buffer.alloc(RTCP_HEADER_LENGTH + INDEX_WORD_LENGTH);

  constructor(keys: SessionKeys) {
    this.#key = createSecretKey(keys.cipherKey);
    this.#nonce = new Nonce(keys.cipherSalt);
  }

  seal(packet: Buffer, index: number): Buffer {
    const sealed = Buffer.allocUnsafe(packet.length + this.overhead);
    sealed.writeUInt32BE((ENCRYPTED_FLAG | index) >>> 0, packet.length + TAG_LENGTH);
    packet.copy(sealed, 0, 0, RTCP_HEADER_LENGTH);
    this.#prepare(sealed, index);
    const cipher = createCipheriv('aes-128-gcm', this.#key, this.#nonce.bytes);
    cipher.setAAD(this.#aad);
    sealed.set(cipher.update(packet.subarray(RTCP_HEADER_LENGTH)), RTCP_HEADER_LENGTH);
    cipher.final();
    sealed.set(cipher.getAuthTag(), packet.length);
    return sealed;
  }

  indexWord(packet: Buffer): number {
    return packet.readUInt32BE(packet.length - INDEX_WORD_LENGTH);
  }

  open(packet: Buffer): Buffer | undefined {
    const clearLength = packet.length - this.overhead;
    this.#prepare(packet, this.indexWord(packet) & ~ENCRYPTED_FLAG);
    const plaintext = decrypt(
      this.#key,
      this.#nonce.bytes,
      this.#aad,
      packet.subarray(RTCP_HEADER_LENGTH, clearLength),
      packet.subarray(clearLength, clearLength + TAG_LENGTH),
    );
    if (plaintext === undefined) return undefined;
    packet.set(plaintext, RTCP_HEADER_LENGTH);
    return packet.subarray(0, clearLength);
  }

  /** Sets nonce and associated data from a packet whose header and last word are in place. */
  #prepare(sealed: Buffer, index: number): void {
    sealed.copy(this.#aad, 0, 0, RTCP_HEADER_LENGTH);
    sealed.copy(this.#aad, RTCP_HEADER_LENGTH, sealed.length - INDEX_WORD_LENGTH);
    this.#nonce.set(sealed.readUInt32BE(4), index >>> 16, index & 0xffff);
  }
}
