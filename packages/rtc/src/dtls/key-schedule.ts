// Every secret of a DTLS 1.2 connection, from the shared secret of the key exchange down to SRTP's keys; all with SHA-256.
import { createHash, createHmac } from 'node:crypto';
import { SRTP_PROFILE_PARAMETERS, type SrtpKeys, type SrtpProfile } from '../srtp/srtp-profile.ts';
import { FIXED_IV_LENGTH, KEY_LENGTH, RecordProtection } from './record-protection.ts';

const MASTER_SECRET_LENGTH = 48;
const VERIFY_DATA_LENGTH = 12;

/** The two randoms of the hellos, 32 bytes each. */
export interface Randoms {
  readonly client: Buffer;
  readonly server: Buffer;
}

/** RFC 5246, section 5: P_SHA256(secret, label + seed), `length` bytes of it. */
export function prf(secret: Buffer, label: string, seed: Buffer, length: number): Buffer {
  const labelAndSeed = Buffer.concat([Buffer.from(label, 'ascii'), seed]);
  const blocks: Buffer[] = [];
  let a = labelAndSeed;
  for (let made = 0; made < length; made += 32) {
    a = createHmac('sha256', secret).update(a).digest();
    blocks.push(createHmac('sha256', secret).update(a).update(labelAndSeed).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

export function sha256(messages: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const message of messages) hash.update(message);
  return hash.digest();
}

/** RFC 7627, section 4: bound to the whole handshake so far, so that no other handshake can have the same secret. */
export function extendedMasterSecret(preMasterSecret: Buffer, transcript: readonly Buffer[]): Buffer {
  return prf(preMasterSecret, 'extended master secret', sha256(transcript), MASTER_SECRET_LENGTH);
}

/** RFC 5246, section 8.1: for a client that does not know the extended one. */
export function plainMasterSecret(preMasterSecret: Buffer, randoms: Randoms): Buffer {
  const seed = Buffer.concat([randoms.client, randoms.server]);
  return prf(preMasterSecret, 'master secret', seed, MASTER_SECRET_LENGTH);
}

/** RFC 5246, section 6.3; AEAD needs no MAC keys. */
export function recordKeys(
  masterSecret: Buffer,
  randoms: Randoms,
): { readonly client: RecordProtection; readonly server: RecordProtection } {
  const seed = Buffer.concat([randoms.server, randoms.client]);
  const block = prf(masterSecret, 'key expansion', seed, 2 * (KEY_LENGTH + FIXED_IV_LENGTH));
  const ivs = block.subarray(2 * KEY_LENGTH);
  return {
    client: new RecordProtection(block.subarray(0, KEY_LENGTH), ivs.subarray(0, FIXED_IV_LENGTH)),
    server: new RecordProtection(block.subarray(KEY_LENGTH, 2 * KEY_LENGTH), ivs.subarray(FIXED_IV_LENGTH)),
  };
}

/** RFC 5246, section 7.4.9: what a Finished message says. */
export function verifyData(
  masterSecret: Buffer,
  end: 'client' | 'server',
  transcript: readonly Buffer[],
): Buffer {
  return prf(masterSecret, `${end} finished`, sha256(transcript), VERIFY_DATA_LENGTH);
}

/** RFC 5764, section 4.2, through the exporter of RFC 5705 without a context: both keys, then both salts. */
export function srtpKeys(
  masterSecret: Buffer,
  randoms: Randoms,
  profile: SrtpProfile,
): { readonly client: SrtpKeys; readonly server: SrtpKeys } {
  const { masterKeyLength, masterSaltLength } = SRTP_PROFILE_PARAMETERS[profile];
  const seed = Buffer.concat([randoms.client, randoms.server]);
  const length = 2 * (masterKeyLength + masterSaltLength);
  const material = prf(masterSecret, 'EXTRACTOR-dtls_srtp', seed, length);
  const salts = material.subarray(2 * masterKeyLength);
  return {
    client: {
      profile,
      masterKey: material.subarray(0, masterKeyLength),
      masterSalt: salts.subarray(0, masterSaltLength),
    },
    server: {
      profile,
      masterKey: material.subarray(masterKeyLength, 2 * masterKeyLength),
      masterSalt: salts.subarray(masterSaltLength),
    },
  };
}
