import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AppServerStartError } from '../start-error.ts';
import { readCertificate } from './certificate-files.ts';
import { keepSelfSigned, ownNames, selfSignedFiles } from './self-signed-certificate.ts';

const DAY_MS = 86_400_000;
const NOW = new Date('2030-03-01T12:00:00Z');
const days = (count: number) => new Date(NOW.getTime() + count * DAY_MS);
const NAMES = ['localhost', 'meet', '127.0.0.1', '::1', '192.0.2.7', '2001:db8::7'];

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'parley-tls-'));
  folder = join(parent, 'tls');
});
afterEach(() => rm(parent, { recursive: true }));

const current = async () => new X509Certificate(await readFile(selfSignedFiles(folder).certFile));

it('is for every name, matches its key, and the key is readable by nobody else', async () => {
  await keepSelfSigned(folder, NAMES, NOW);
  const files = selfSignedFiles(folder);
  const { x509 } = await readCertificate(files, NOW);
  for (const name of ['localhost', 'meet']) expect(x509.checkHost(name)).toBe(name);
  for (const address of ['127.0.0.1', '::1', '192.0.2.7', '2001:db8::7'])
    expect(x509.checkIP(address)).toBe(address);
  expect(x509.ca).toBe(false);
  expect(x509.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
  expect((await stat(files.keyFile)).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

it('is kept until 30 days before its end, then made anew', async () => {
  await keepSelfSigned(folder, NAMES, NOW);
  const first = (await current()).fingerprint256;
  await keepSelfSigned(folder, NAMES, days(366));
  expect((await current()).fingerprint256).toBe(first);
  await keepSelfSigned(folder, NAMES, days(368));
  expect((await current()).fingerprint256).not.toBe(first);
  expect(new Date((await current()).validTo).getTime()).toBeGreaterThan(days(760).getTime());
});

it('is made anew for a new name and keeps the former ones; a changed IPv6 address alone changes nothing', async () => {
  await keepSelfSigned(folder, ['localhost', '192.0.2.7'], NOW);
  const first = await current();
  await keepSelfSigned(folder, ['localhost', '2001:db8::8'], NOW);
  expect((await current()).fingerprint256).toBe(first.fingerprint256);
  await keepSelfSigned(folder, ['localhost', '198.51.100.1'], NOW);
  const second = await current();
  expect(second.checkIP('198.51.100.1')).toBe('198.51.100.1');
  expect(second.checkIP('192.0.2.7')).toBe('192.0.2.7');
  await keepSelfSigned(folder, ['localhost', '192.0.2.7'], NOW);
  expect((await current()).fingerprint256).toBe(second.fingerprint256);
});

it('is made anew when what is there cannot be used', async () => {
  await keepSelfSigned(folder, NAMES, NOW);
  await writeFile(selfSignedFiles(folder).keyFile, 'half a k');
  await keepSelfSigned(folder, NAMES, NOW);
  await readCertificate(selfSignedFiles(folder), NOW);
});

it('says in one line that it cannot be kept', async () => {
  await writeFile(folder, 'a file');
  const kept = keepSelfSigned(folder, NAMES, NOW);
  await expect(kept).rejects.toBeInstanceOf(AppServerStartError);
  await expect(kept).rejects.toThrow(/^cannot write to the data folder [^\n]+$/);
});

it('is for localhost, this machine, its addresses and the announced ones', () => {
  const names = ownNames(['203.0.113.5']);
  const host = hostname().toLowerCase();
  expect(names).toEqual(expect.arrayContaining(['localhost', '127.0.0.1', '::1', '203.0.113.5', host]));
  expect(names.filter((name) => name.startsWith('fe80:'))).toEqual([]);
});
