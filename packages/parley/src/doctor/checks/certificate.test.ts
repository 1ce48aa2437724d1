import { X509Certificate, generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { ISSUED_CERT, ISSUED_KEY } from '../../audit/testing/issued-certificate.fixture.ts';
import { patientOf } from '../testing.ts';
import { checkCertificate, diagnosis } from './certificate.ts';

const issued = new X509Certificate(ISSUED_CERT);
const end = new Date(issued.validTo).getTime();
const DAY_MS = 86_400_000;

it.each([
  [30 * DAY_MS, 'ok'],
  [20 * DAY_MS, 'warning'],
  [0, 'problem'],
  [200 * 365 * DAY_MS, 'problem'],
])('a certificate %d ms before its end: %s', (before, level) => {
  expect(diagnosis(issued, new Date(end - before), undefined).level).toBe(level);
});

it('has to be for the name that browsers use', () => {
  const now = new Date(end - 30 * DAY_MS);
  expect(diagnosis(issued, now, 'localhost').level).toBe('ok');
  expect(diagnosis(issued, now, '127.0.0.1').level).toBe('ok');
  expect(diagnosis(issued, now, 'meet.example')).toMatchObject({
    level: 'problem',
    text: 'it is for localhost, 127.0.0.1, not for meet.example',
  });
});

it('has to belong to its key', () => {
  const now = new Date(end - 30 * DAY_MS);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  expect(diagnosis(issued, now, undefined, Buffer.from(ISSUED_KEY)).level).toBe('ok');
  expect(diagnosis(issued, now, undefined, other).level).toBe('problem');
});

it('is missed where other machines reach the page, and not on localhost', async () => {
  expect((await checkCertificate(patientOf())).level).toBe('warning');
  expect((await checkCertificate(patientOf({ flags: ['--host', '127.0.0.1'] }))).level).toBe('skipped');
  const flags = ['--tls-cert', '/nowhere/c.pem', '--tls-key', '/nowhere/k.pem'];
  expect((await checkCertificate(patientOf({ flags }))).level).toBe('problem');
});
