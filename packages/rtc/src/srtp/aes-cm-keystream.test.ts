import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AesCmKeystream, StreamKeystream } from './aes-cm-keystream.ts';

/** The keystream of one packet by OpenSSL's own counter mode. */
function reference(
  key: Buffer,
  salt: Buffer,
  ssrc: number,
  upper: number,
  lower: number,
  length: number,
): Buffer {
  const iv = Buffer.concat([salt, Buffer.alloc(2)]);
  iv.writeUInt32BE((iv.readUInt32BE(4) ^ ssrc) >>> 0, 4);
  iv.writeUInt32BE((iv.readUInt32BE(8) ^ upper) >>> 0, 8);
  iv.writeUInt16BE(iv.readUInt16BE(12) ^ lower, 12);
  return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(length));
}

describe('the AES-CM keystream', () => {
  it('is that of RFC 3711, appendix B.2, from the first to the last blocks', () => {
    const keystream = new AesCmKeystream(
      Buffer.from('2b7e151628aed2a6abf7158809cf4f3c', 'hex'),
      Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfd', 'hex'),
    );
    const hex = Buffer.from(keystream.generate(0, 0, 0, 1, 4096).buffer).toString('hex');
    expect(hex.slice(0, 96)).toBe(
      'e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0',
    );
    const whole = reference(
      Buffer.from('2b7e151628aed2a6abf7158809cf4f3c', 'hex'),
      Buffer.from('f0f1f2f3f4f5f6f7f8f9fafbfcfd', 'hex'),
      0,
      0,
      0,
      65_536,
    );
    expect(hex).toBe(whole.toString('hex'));
  });

  it('is right for every packet of a stream, whatever the order and the lengths', () => {
    const [key, salt] = [randomBytes(16), randomBytes(14)];
    const ssrc = 0xfedcba98;
    const stream = new StreamKeystream(new AesCmKeystream(key, salt), ssrc);
    const packets: [upper: number, lower: number, length: number][] = [
      [0, 65_527, 1100],
      [0, 65_528, 1],
      [0, 65_534, 1200],
      [0, 65_529, 1000],
      [0, 65_535, 64],
      [1, 0, 1100],
      [1, 2, 3000],
      [1, 1, 16],
      [0, 65_535, 64],
      [1, 7, 1100],
      [1, 8, 1300],
      [1, 9, 0],
      [1, 10, 65_535],
      [1, 11, 17],
      [0xffffffff, 3, 100],
      [1, 12, 17],
      [1, 40_000, 1100],
      [2, 5, 1100],
    ];
    for (const [upper, lower, length] of packets) {
      const data = new Uint32Array(Math.ceil(length / 4) + 2);
      stream.apply(data, 1, length, upper, lower);
      const actual = Buffer.from(data.buffer, 4, length).toString('hex');
      expect(actual).toBe(reference(key, salt, ssrc, upper, lower, length).toString('hex'));
      expect([data[0], data.at(-1)]).toEqual([0, 0]);
    }
  });
});
