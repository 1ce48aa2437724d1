// AES-CM with HMAC-SHA1 for SRTP and SRTCP (RFC 3711), whatever the length of key and tag. A packet is worked on in the
// HMAC's input buffer, where the payload is aligned for 32-bit words: one copy in, one copy out.
import { AesCmKeystream, StreamKeystream, blocksFor, xorWords } from './aes-cm-keystream.ts';
import { HmacSha1, hmacInput, hmacInputWords, tagMatches } from './hmac-sha1.ts';
import type { SessionKeys } from './key-derivation.ts';
import type { RtcpCipher, RtpCipher, RtpStreamCipher } from './packet-cipher.ts';

const RTCP_TAG_LENGTH = 10;
const RTCP_HEADER_LENGTH = 8;
const INDEX_WORD_LENGTH = 4;
const ENCRYPTED_FLAG = 0x80000000;

export class AesCmRtpCipher implements RtpCipher {
  readonly overhead: number;
  readonly #keystream: AesCmKeystream;
  readonly #hmac: HmacSha1;

  /** `tagLength`: in bytes, 10 or 4. */
  constructor(keys: SessionKeys, tagLength: number) {
    this.overhead = tagLength;
    this.#keystream = new AesCmKeystream(keys.cipherKey, keys.cipherSalt);
    this.#hmac = new HmacSha1(keys.authKey);
  }

  forStream(ssrc: number): RtpStreamCipher {
    return new AesCmRtpStreamCipher(new StreamKeystream(this.#keystream, ssrc), this.#hmac, this.overhead);
  }
}

/** Sealed: header | ciphertext | tag; the tag also covers the rollover counter. RFC 3711, section 3.1 and 4.2. */
class AesCmRtpStreamCipher implements RtpStreamCipher {
  readonly #keystream: StreamKeystream;
  readonly #hmac: HmacSha1;
  readonly #tagLength: number;

  constructor(keystream: StreamKeystream, hmac: HmacSha1, tagLength: number) {
    this.#keystream = keystream;
    this.#hmac = hmac;
    this.#tagLength = tagLength;
  }

  seal(packet: Buffer, headerLength: number, rolloverCounter: number): Buffer {
    const length = packet.length;
    packet.copy(hmacInput);
    this.#keystream.apply(
      hmacInputWords,
      headerLength >>> 2,
      length - headerLength,
      rolloverCounter,
      packet.readUInt16BE(2),
    );
    hmacInput.writeUInt32BE(rolloverCounter, length);
    const digest = this.#hmac.digest(length + 4);
    const sealed = Buffer.allocUnsafe(length + this.#tagLength);
    hmacInput.copy(sealed, 0, 0, length);
    sealed.write(digest, length, this.#tagLength, 'latin1');
    return sealed;
  }

  open(packet: Buffer, headerLength: number, rolloverCounter: number): Buffer | undefined {
    const length = packet.length - this.#tagLength;
    packet.copy(hmacInput, 0, 0, length);
    hmacInput.writeUInt32BE(rolloverCounter, length);
    if (!tagMatches(this.#hmac.digest(length + 4), packet, length, this.#tagLength)) return undefined;
    this.#keystream.apply(
      hmacInputWords,
      headerLength >>> 2,
      length - headerLength,
      rolloverCounter,
      packet.readUInt16BE(2),
    );
    hmacInput.copy(packet, headerLength, headerLength, length);
    return packet.subarray(0, length);
  }
}

/** Sealed: header (8) | ciphertext | E flag and index (4) | tag (10) over all before it. RFC 3711, section 3.4. */
export class AesCmRtcpCipher implements RtcpCipher {
  readonly overhead = INDEX_WORD_LENGTH + RTCP_TAG_LENGTH;
  readonly #keystream: AesCmKeystream;
  readonly #hmac: HmacSha1;

  constructor(keys: SessionKeys) {
    this.#keystream = new AesCmKeystream(keys.cipherKey, keys.cipherSalt);
    this.#hmac = new HmacSha1(keys.authKey);
  }

  seal(packet: Buffer, index: number): Buffer {
    const length = packet.length;
    packet.copy(hmacInput);
    this.#crypt(length, packet.readUInt32BE(4), index);
    hmacInput.writeUInt32BE((ENCRYPTED_FLAG | index) >>> 0, length);
    const digest = this.#hmac.digest(length + INDEX_WORD_LENGTH);
    const sealed = Buffer.allocUnsafe(length + this.overhead);
    hmacInput.copy(sealed, 0, 0, length + INDEX_WORD_LENGTH);
    sealed.write(digest, length + INDEX_WORD_LENGTH, RTCP_TAG_LENGTH, 'latin1');
    return sealed;
  }

  indexWord(packet: Buffer): number {
    return packet.readUInt32BE(packet.length - this.overhead);
  }

  open(packet: Buffer): Buffer | undefined {
    const authenticated = packet.length - RTCP_TAG_LENGTH;
    const length = authenticated - INDEX_WORD_LENGTH;
    packet.copy(hmacInput, 0, 0, authenticated);
    if (!tagMatches(this.#hmac.digest(authenticated), packet, authenticated, RTCP_TAG_LENGTH))
      return undefined;
    this.#crypt(length, packet.readUInt32BE(4), this.indexWord(packet) & ~ENCRYPTED_FLAG);
    hmacInput.copy(packet, RTCP_HEADER_LENGTH, RTCP_HEADER_LENGTH, length);
    return packet.subarray(0, length);
  }

  /** En- or decrypts the packet of `length` bytes that lies in the HMAC's input. */
  #crypt(length: number, ssrc: number, index: number): void {
    const byteLength = length - RTCP_HEADER_LENGTH;
    const words = this.#keystream.generate(ssrc, index >>> 16, index & 0xffff, 1, blocksFor(byteLength));
    xorWords(hmacInputWords, RTCP_HEADER_LENGTH / 4, words, 0, byteLength);
  }
}
