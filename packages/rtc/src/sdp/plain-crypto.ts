// The `a=crypto` lines of SDES (RFC 4568): reads those of the far side, writes ours. Keys are values here, packets are the
// business of srtp/.
import { SRTP_SUITE_PARAMETERS, type SdesSuite, type SrtpKeys } from '../srtp/srtp-profile.ts';

export const SDES_SUITES: readonly SdesSuite[] = [
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
  'AES_256_CM_HMAC_SHA1_80',
  'AES_256_CM_HMAC_SHA1_32',
];

/** One `a=crypto` line that can be used. */
export interface SdesCrypto {
  /** Names the line, in the offer and in the answer that picks it. */
  readonly tag: number;
  /** What the writer of the line sends with. */
  readonly keys: SrtpKeys<SdesSuite>;
}

/** tag, suite, key parameters, session parameters (RFC 4568, section 9.1). */
const CRYPTO = /^(\d{1,9})[ \t]+(\w{1,64})[ \t]+(\S{1,1024})(?:[ \t]+(\S.{0,1023}))?$/;

/**
 * A key, and perhaps how long it lasts: a peer may change its key earlier than we would. With an MKI, a third part, every
 * packet would have to name its key, which nobody who has one key needs.
 */
const INLINE_KEY = /^inline:([A-Za-z0-9+/]{1,128}={0,2})(?:\|(?:2\^)?\d{1,15})?$/i;

/**
 * Session parameters that change nothing for who receives: WSH is a hint, a KDR of 0 would be no rate at all. Others turn
 * protection off or ask for what we do not do; those that begin with "-" may be ignored (RFC 4568, section 6.3.8).
 */
const HARMLESS_PARAMETER = /^(?:-.*|WSH=\d+)$/;

/**
 * Reads the value of one `a=crypto:` line. Undefined when it is malformed, of a suite that we do not have, or wants
 * something that we do not do: another line may do (RFC 4568, section 5.1.2).
 */
export function readCrypto(value: string): SdesCrypto | undefined {
  const match = CRYPTO.exec(value.trim());
  if (!match) return undefined;
  const [, tag, name, parameters, session = ''] = match;
  const suite = SDES_SUITES.find((suite) => suite === name);
  const bytes = INLINE_KEY.exec(parameters)?.[1];
  const words = session.split(/[ \t]+/).filter((word) => word !== '');
  if (!suite || bytes === undefined || !words.every((word) => HARMLESS_PARAMETER.test(word)))
    return undefined;
  const keys = splitMasterKey(suite, Buffer.from(bytes, 'base64'));
  return keys && { tag: Number(tag), keys };
}

/** The line, without `a=`. */
export function writeCrypto({ tag, keys }: SdesCrypto): string {
  const inline = Buffer.concat([keys.masterKey, keys.masterSalt]).toString('base64');
  return `crypto:${tag} ${keys.profile} inline:${inline}`;
}

/** How many bytes master key and salt have together. */
export function masterKeyLength(suite: SdesSuite): number {
  const { masterKeyLength, masterSaltLength } = SRTP_SUITE_PARAMETERS[suite];
  return masterKeyLength + masterSaltLength;
}

/** The keys of a master key with its salt behind it; undefined when the suite wants another length. */
export function splitMasterKey(suite: SdesSuite, bytes: Buffer): SrtpKeys<SdesSuite> | undefined {
  if (bytes.length !== masterKeyLength(suite)) return undefined;
  const at = SRTP_SUITE_PARAMETERS[suite].masterKeyLength;
  return { profile: suite, masterKey: bytes.subarray(0, at), masterSalt: bytes.subarray(at) };
}
