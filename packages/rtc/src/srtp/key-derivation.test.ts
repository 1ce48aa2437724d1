import { describe, expect, it } from 'vitest';
import { deriveKey, deriveSessionKeys } from './key-derivation.ts';

const MASTER_KEY = Buffer.from('e1f97a0d3e018be0d64fa32c06de4139', 'hex');
const MASTER_SALT = Buffer.from('0ec675ad498afeebb6960b3aabe6', 'hex');

describe('key derivation', () => {
  it('gives the session keys of RFC 3711, appendix B.3', () => {
    const { rtp } = deriveSessionKeys({
      profile: 'AES_CM_128_HMAC_SHA1_80',
      masterKey: MASTER_KEY,
      masterSalt: MASTER_SALT,
    });
    expect(rtp.cipherKey.toString('hex')).toBe('c61e7a93744f39ee10734afe3ff7a087');
    expect(rtp.cipherSalt.toString('hex')).toBe('30cbbc08863d8c85d49db34a9ae1');
    expect(rtp.authKey.toString('hex')).toBe('cebe321f6ff7716b6fd4ab49af256a156d38baa4');
  });

  it('runs on over several blocks, as in the 94 bytes of the same appendix', () => {
    expect(deriveKey(MASTER_KEY, MASTER_SALT, 1, 94).toString('hex')).toBe(
      'cebe321f6ff7716b6fd4ab49af256a156d38baa48f0a0acf3c34e2359e6cdbce' +
        'e049646c43d9327ad175578ef72270986371c10c9a369ac2f94a8c5fbcdddc25' +
        '6d6e919a48b610ef17c2041e474035766b68642c59bbfc2f34db60dbdfb2',
    );
  });

  it('gives six different keys for AES-CM and four, none for HMAC, for GCM', () => {
    const cm = deriveSessionKeys({
      profile: 'AES_CM_128_HMAC_SHA1_80',
      masterKey: MASTER_KEY,
      masterSalt: MASTER_SALT,
    });
    const all = [cm.rtp, cm.rtcp].flatMap((keys) =>
      Object.values<Buffer>({ ...keys }).map((key) => key.toString('hex')),
    );
    expect(new Set(all).size).toBe(6);
    const gcm = deriveSessionKeys({
      profile: 'AEAD_AES_128_GCM',
      masterKey: MASTER_KEY,
      masterSalt: MASTER_SALT.subarray(0, 12),
    });
    expect([gcm.rtp.cipherSalt.length, gcm.rtcp.cipherSalt.length]).toEqual([12, 12]);
    expect([gcm.rtp.authKey.length, gcm.rtcp.authKey.length]).toEqual([0, 0]);
  });

  it('refuses keys and salts of another length', () => {
    const profile = 'AEAD_AES_128_GCM';
    expect(() => deriveSessionKeys({ profile, masterKey: MASTER_KEY, masterSalt: MASTER_SALT })).toThrow(
      RangeError,
    );
    const masterSalt = MASTER_SALT.subarray(0, 12);
    expect(() => deriveSessionKeys({ profile, masterKey: Buffer.alloc(15), masterSalt })).toThrow(RangeError);
  });
});
