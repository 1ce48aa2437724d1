import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MalformedMessageError } from './dtls-errors.ts';
import { KeyExchange } from './key-exchange.ts';

/** SubjectPublicKeyInfo of a key of the group up to the key itself (RFC 8410, section 4; RFC 5480, section 2). */
const SPKI_PREFIX = {
  x25519: Buffer.from('302a300506032b656e032100', 'hex'),
  secp256r1: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'),
};

describe('the key exchange', () => {
  for (const group of ['x25519', 'secp256r1'] as const) {
    it(`gives both ends the same secret with ${group}, as OpenSSL has it`, () => {
      const ours = new KeyExchange(group);
      const theirs =
        group === 'x25519'
          ? generateKeyPairSync('x25519')
          : generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const spki = theirs.publicKey.export({ type: 'spki', format: 'der' });
      const secret = ours.sharedSecret(spki.subarray(SPKI_PREFIX[group].length));
      const key = Buffer.concat([SPKI_PREFIX[group], ours.publicKey]);
      const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
      expect(secret).toEqual(diffieHellman({ privateKey: theirs.privateKey, publicKey }));
      expect(secret).toHaveLength(32);
    });
  }

  it('refuses what is no key: wrong lengths, points off the curve or compressed, the zero of x25519', () => {
    const ecdh = new KeyExchange('secp256r1');
    const offCurve = Buffer.from(new KeyExchange('secp256r1').publicKey);
    offCurve[64] ^= 1;
    const compressed = Buffer.concat([Buffer.of(2), offCurve.subarray(1, 33)]);
    for (const peer of [offCurve, compressed, offCurve.subarray(0, 64), Buffer.of(0), Buffer.alloc(0)])
      expect(() => ecdh.sharedSecret(peer)).toThrow(MalformedMessageError);
    const x25519 = new KeyExchange('x25519');
    for (const length of [0, 31, 32, 33])
      expect(() => x25519.sharedSecret(Buffer.alloc(length))).toThrow(MalformedMessageError);
  });
});
