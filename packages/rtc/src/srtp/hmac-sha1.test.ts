import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HmacSha1, hmacInput, tagMatches } from './hmac-sha1.ts';

describe('HmacSha1', () => {
  it('agrees with OpenSSL, also when two keys take turns on the shared input', () => {
    const keys = [randomBytes(20), randomBytes(64)];
    const hmacs = keys.map((key) => new HmacSha1(key));
    for (const length of [0, 1, 55, 56, 63, 64, 1104, 65_539]) {
      const input = randomBytes(length);
      for (const [i, hmac] of hmacs.entries()) {
        input.copy(hmacInput);
        const digest = hmac.digest(length);
        expect(Buffer.from(digest, 'latin1')).toEqual(createHmac('sha1', keys[i]).update(input).digest());
      }
    }
  });

  it('refuses a key longer than a block', () => {
    expect(() => new HmacSha1(Buffer.alloc(65))).toThrow(RangeError);
  });

  it('compares tags up to their length only', () => {
    const packet = Buffer.from([9, 0xff, 0x01, 0x00]);
    expect(tagMatches('\u00ff\u0001\u0077', packet, 1, 2)).toBe(true);
    expect(tagMatches('\u00ff\u0001\u0077', packet, 1, 3)).toBe(false);
  });
});
