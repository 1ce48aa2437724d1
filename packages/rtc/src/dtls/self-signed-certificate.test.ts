import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { derInteger, derObjectIdentifier, derTime, derUtf8 } from './der.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';

describe('a self-signed certificate', () => {
  it('is read by OpenSSL, carries its key, and is signed with it', () => {
    const now = Date.parse('2026-07-01T12:00:00Z');
    const { der, privateKey, fingerprint } = createSelfSignedCertificate(now);
    const read = new X509Certificate(der);
    expect(read.checkPrivateKey(privateKey)).toBe(true);
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.checkIssued(read)).toBe(true);
    expect(read.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(read.subject).toBe('CN=WebRTC');
    expect(Date.parse(read.validFrom)).toBe(now - 24 * 60 * 60 * 1000);
    expect(Date.parse(read.validTo)).toBeGreaterThan(Date.parse('2036-01-01'));
    expect(read.fingerprint256).toBe(fingerprint);
  });

  it('is never the same twice', () => {
    const [first, second] = [createSelfSignedCertificate(0), createSelfSignedCertificate(0)];
    expect(first.fingerprint).not.toBe(second.fingerprint);
  });

  it('is still valid after 2049, when its dates are written differently', () => {
    const read = new X509Certificate(createSelfSignedCertificate(Date.parse('2049-12-31T23:00:00Z')).der);
    expect(new Date(read.validTo).getUTCFullYear()).toBe(2059);
  });
});

describe('DER', () => {
  it('writes integers with the fewest bytes that keep them positive', () => {
    const cases: [string, string][] = [
      ['00', '020100'],
      ['0000', '020100'],
      ['7f', '02017f'],
      ['80', '02020080'],
      ['0080', '02020080'],
      ['000001', '020101'],
    ];
    for (const [magnitude, expected] of cases)
      expect(derInteger(Buffer.from(magnitude, 'hex')).toString('hex')).toBe(expected);
  });

  it('writes lengths from 128 on with a length of their own', () => {
    expect(derUtf8('x'.repeat(127)).subarray(0, 2).toString('hex')).toBe('0c7f');
    expect(derUtf8('x'.repeat(128)).subarray(0, 3).toString('hex')).toBe('0c8180');
    expect(derUtf8('x'.repeat(256)).subarray(0, 4).toString('hex')).toBe('0c820100');
  });

  it('writes object identifiers and times', () => {
    expect(derObjectIdentifier('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302');
    expect(derTime(new Date('2049-12-31T23:59:59Z')).toString('latin1', 2)).toBe('491231235959Z');
    expect(derTime(new Date('2050-01-01T00:00:00Z')).toString('latin1', 2)).toBe('20500101000000Z');
  });
});
