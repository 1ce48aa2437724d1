import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { uint16s, vector } from './byte-reader.ts';
import { checkCertificateVerify, readPeerCertificate } from './peer-authentication.ts';
import { der, derBitString, derInteger, derObjectIdentifier, derSequence, derTime } from './der.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';

/** A certificate of any key; nobody checks the signature of one that signs itself. */
function certificateOf(publicKey: KeyObject): Buffer {
  const algorithm = derSequence(derObjectIdentifier('1.2.840.113549.1.1.11'), der(0x05));
  const time = derTime(new Date());
  const content = derSequence(
    der(0xa0, derInteger(Buffer.of(2))),
    derInteger(Buffer.of(1)),
    algorithm,
    derSequence(),
    derSequence(time, time),
    derSequence(),
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  return derSequence(content, algorithm, derBitString(Buffer.alloc(256)));
}

const message = (...chain: Buffer[]) =>
  vector(3, Buffer.concat(chain.map((certificate) => vector(3, certificate))));
const verifyMessage = (scheme: number, signature: Buffer) =>
  Buffer.concat([uint16s(scheme), vector(2, signature)]);

const ecdsa = createSelfSignedCertificate(Date.now());
const transcript = [Buffer.from('client hello'), Buffer.from('server hello')];
const signed = Buffer.concat(transcript);

describe("the client's certificate", () => {
  it('is compared by each hash that SDP may name, in upper or lower case, and by no broken one', () => {
    for (const [algorithm, hash] of [
      ['sha-256', 'sha256'],
      ['SHA-384', 'sha384'],
      ['sha-512', 'sha512'],
    ]) {
      const digest = createHash(hash).update(ecdsa.der).digest('hex');
      for (const value of [digest, digest.toUpperCase().match(/../g)?.join(':') ?? ''])
        expect(() => readPeerCertificate(message(ecdsa.der), { algorithm, value })).not.toThrow();
    }
    const sha1 = createHash('sha1').update(ecdsa.der).digest('hex');
    for (const value of [sha1, ''])
      expect(() => readPeerCertificate(message(ecdsa.der), { algorithm: 'sha-1', value })).toThrow(
        'fingerprint',
      );
    expect(() => readPeerCertificate(message(ecdsa.der), { algorithm: 'sha-256', value: '' })).toThrow(
      'fingerprint',
    );
  });

  it('is the first one of its chain', () => {
    const fingerprint = { algorithm: 'sha-256', value: ecdsa.fingerprint };
    const other = createSelfSignedCertificate(Date.now()).der;
    expect(() => readPeerCertificate(message(ecdsa.der, other), fingerprint)).not.toThrow();
    expect(() => readPeerCertificate(message(other, ecdsa.der), fingerprint)).toThrow('fingerprint');
  });

  it('has to be there, and readable', () => {
    expect(() => readPeerCertificate(message(), undefined)).toThrow('sent no certificate');
    expect(() => readPeerCertificate(message(Buffer.from('abc')), undefined)).toThrow('cannot be read');
    expect(() => readPeerCertificate(Buffer.concat([message(ecdsa.der), Buffer.of(0)]), undefined)).toThrow(
      'longer',
    );
  });

  it('may be RSA of 1024 bits and more, as some browsers make them, and nothing but RSA and ECDSA', () => {
    const key = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits });
    const { publicKey, privateKey } = key(1024);
    const read = readPeerCertificate(message(certificateOf(publicKey)), undefined);
    const signature = sign('sha256', signed, privateKey);
    expect(() => checkCertificateVerify(verifyMessage(0x0401, signature), read, transcript)).not.toThrow();
    signature[0] ^= 1;
    expect(() => checkCertificateVerify(verifyMessage(0x0401, signature), read, transcript)).toThrow('key');

    for (const unusable of [key(512).publicKey, generateKeyPairSync('ed25519').publicKey])
      expect(() => readPeerCertificate(message(certificateOf(unusable)), undefined)).toThrow('unusable');
  });
});

describe('the CertificateVerify', () => {
  const key = readPeerCertificate(message(ecdsa.der), undefined);
  const signature = sign('sha256', signed, ecdsa.privateKey);

  it('covers every byte of the transcript', () => {
    expect(() => checkCertificateVerify(verifyMessage(0x0403, signature), key, transcript)).not.toThrow();
    expect(() => checkCertificateVerify(verifyMessage(0x0403, signature), key, [signed.subarray(1)])).toThrow(
      'altered',
    );
  });

  it('must be of the scheme that was asked for and that fits the key', () => {
    for (const scheme of [0x0401, 0x0203, 0x0503])
      expect(() => checkCertificateVerify(verifyMessage(scheme, signature), key, transcript)).toThrow(
        'asked',
      );
  });

  it('is no signature when it is empty or none', () => {
    for (const none of [Buffer.alloc(0), Buffer.alloc(64)])
      expect(() => checkCertificateVerify(verifyMessage(0x0403, none), key, transcript)).toThrow('key');
  });
});
