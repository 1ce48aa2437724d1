// Session keys from master keys. The key derivation rate is zero, as DTLS-SRTP and SDES leave it: keys are derived once.
import { createCipheriv } from 'node:crypto';
import { SRTP_SUITE_PARAMETERS, type SrtpKeys, type SrtpSuite } from './srtp-profile.ts';

export interface SessionKeys {
  /** As long as the master key: 16 or 32 bytes. */
  readonly cipherKey: Buffer;
  /** 12 bytes (GCM) or 14 bytes (AES-CM). */
  readonly cipherSalt: Buffer;
  /** 20 bytes for HMAC-SHA1; empty for GCM, which needs none. */
  readonly authKey: Buffer;
}

const LABEL = { rtp: { cipher: 0, auth: 1, salt: 2 }, rtcp: { cipher: 3, auth: 4, salt: 5 } } as const;
const HMAC_SHA1_KEY_LENGTH = 20;

/**
 * Derives the session keys of one direction (RFC 3711, section 4.3; the same pseudo-random function with GCM, RFC 7714,
 * section 11, and with keys of 256 bits, RFC 6188, section 3). Throws a RangeError when a key or salt does not have the length of its profile.
 */
export function deriveSessionKeys(keys: SrtpKeys<SrtpSuite>): { rtp: SessionKeys; rtcp: SessionKeys } {
  const parameters = SRTP_SUITE_PARAMETERS[keys.profile];
  if (
    keys.masterKey.length !== parameters.masterKeyLength ||
    keys.masterSalt.length !== parameters.masterSaltLength
  ) {
    throw new RangeError(
      `${keys.profile} takes a master key of ${parameters.masterKeyLength} and a salt of ${parameters.masterSaltLength} bytes, ` +
        `got ${keys.masterKey.length} and ${keys.masterSalt.length}`,
    );
  }
  const authKeyLength = keys.profile === 'AEAD_AES_128_GCM' ? 0 : HMAC_SHA1_KEY_LENGTH;
  const derive = (label: (typeof LABEL)['rtp' | 'rtcp']): SessionKeys => ({
    cipherKey: deriveKey(keys.masterKey, keys.masterSalt, label.cipher, parameters.masterKeyLength),
    cipherSalt: deriveKey(keys.masterKey, keys.masterSalt, label.salt, parameters.masterSaltLength),
    authKey: deriveKey(keys.masterKey, keys.masterSalt, label.auth, authKeyLength),
  });
  return { rtp: derive(LABEL.rtp), rtcp: derive(LABEL.rtcp) };
}

/**
 * The AES-CM pseudo-random function of RFC 3711, section 4.3.3: `length` bytes for one label. A 96-bit salt is padded
 * with zeros on the right to 112 bits.
 */
export function deriveKey(masterKey: Buffer, masterSalt: Buffer, label: number, length: number): Buffer {
  const counter = Buffer.alloc(16);
  masterSalt.copy(counter);
  // The key id is 56 bits, right-aligned in the 112 bits of the salt; its first byte is the label.
  counter[7] ^= label;
  return createCipheriv(`aes-${masterKey.length * 8}-ctr`, masterKey, counter).update(Buffer.alloc(length));
}
