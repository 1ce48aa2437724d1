// The key that an RtpEndpoint is made with, from Kurento's words for it to ours.
import { randomBytes } from 'node:crypto';
import { KurentoError } from '@parley/protocol';
import { masterKeyLength, splitMasterKey, type SdesSuite, type SrtpKeys } from '@parley/rtc';

/** Kurento's `SDES`; all of it may be left out. */
export interface SdesValue {
  /** Master key and salt as characters, which are their bytes. */
  readonly key?: string | undefined;
  readonly keyBase64?: string | undefined;
  readonly crypto?: string | undefined;
}

/** Kurento's names for the suites of RFC 4568 and RFC 6188. */
const SUITES: Readonly<Record<string, SdesSuite>> = {
  AES_128_CM_HMAC_SHA1_32: 'AES_CM_128_HMAC_SHA1_32',
  AES_128_CM_HMAC_SHA1_80: 'AES_CM_128_HMAC_SHA1_80',
  AES_256_CM_HMAC_SHA1_32: 'AES_256_CM_HMAC_SHA1_32',
  AES_256_CM_HMAC_SHA1_80: 'AES_256_CM_HMAC_SHA1_80',
};

/**
 * What we send with; undefined when nothing is to be protected. A suite without a key gets a random one, which SDP tells.
 * @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for a key without suite, two keys, or a key of another length
 */
export function readSdesKey(value: SdesValue = {}): SrtpKeys<SdesSuite> | undefined {
  const { key, keyBase64, crypto } = value;
  if (key !== undefined && keyBase64 !== undefined) throw refuse("give 'key' or 'keyBase64', not both");
  if (crypto === undefined) {
    if (key === undefined && keyBase64 === undefined) return undefined;
    throw refuse("a key without 'crypto' would protect nothing: name a suite");
  }
  const suite = SUITES[crypto];
  const keys = splitMasterKey(suite, keyBytes(key, keyBase64) ?? randomBytes(masterKeyLength(suite)));
  if (keys) return keys;
  throw refuse(`${crypto} takes a key of ${masterKeyLength(suite)} bytes, master key and salt together`);
}

function keyBytes(key: string | undefined, keyBase64: string | undefined): Buffer | undefined {
  if (key !== undefined) return Buffer.from(key);
  if (keyBase64 === undefined) return undefined;
  // Node skips what is no base64: a key that somebody mistyped would be another one.
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(keyBase64)) throw refuse("'keyBase64' is not base64");
  return Buffer.from(keyBase64, 'base64');
}

function refuse(why: string): KurentoError {
  return new KurentoError('MEDIA_OBJECT_ILLEGAL_PARAM_ERROR', `'crypto': ${why}`);
}
