import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '@parley/app-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { found } from '../testing/found.ts';
import { ISSUED_CERT, ISSUED_KEY } from '../testing/issued-certificate.fixture.ts';
import { serve, subjectOf } from '../testing/subject.ts';
import { judgeCertificate } from './certificate.ts';

const DAY_MS = 86_400_000;
const issued = { cert: ISSUED_CERT, key: ISSUED_KEY };
const end = new Date(new X509Certificate(ISSUED_CERT).validTo).getTime();

/** The certificate that an authority issued, looked at this long before its end. */
async function before(ms: number): Promise<string[] | string> {
  const url = await serve({ tls: issued });
  return found(judgeCertificate(subjectOf({ url, now: new Date(end - ms) })));
}

describe('the certificate', () => {
  it('is in order up to three weeks before its end', async () => {
    expect(await before(21 * DAY_MS)).toEqual([]);
  });

  it('is found when less than three weeks are left', async () => {
    expect(await before(21 * DAY_MS - 1)).toEqual(['certificate-ends-soon']);
    expect(await before(1)).toEqual(['certificate-ends-soon']);
  });

  it('is found when it has ended', async () => {
    expect(await before(0)).toEqual(['certificate-expired']);
  });

  it('is found when nobody vouches for it', async () => {
    const now = new Date();
    const made = await makeCertificate(['localhost'], {
      from: now,
      to: new Date(now.getTime() + 99 * DAY_MS),
    });
    const url = await serve({ tls: made });
    expect(await found(judgeCertificate(subjectOf({ url })))).toEqual(['certificate-self-signed']);
  });

  it('is read from its file while nothing runs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parley-audit-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    await writeFile(cert, ISSUED_CERT);
    const flags = ['--tls-cert', cert, '--tls-key', key];
    expect(await found(judgeCertificate(subjectOf({ flags, now: new Date(end) })))).toEqual([
      'certificate-expired',
    ]);
    await rm(cert);
    expect(await found(judgeCertificate(subjectOf({ flags })))).toBe('failed');
  });

  it('is nothing to look at where there is none', async () => {
    expect(await found(judgeCertificate(subjectOf({ url: await serve({}) })))).toBe('left-out');
    expect(await found(judgeCertificate(subjectOf()))).toBe('left-out');
  });
});
