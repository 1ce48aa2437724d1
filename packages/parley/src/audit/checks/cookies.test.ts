import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { found } from '../testing/found.ts';
import { ISSUED_CERT, ISSUED_KEY } from '../testing/issued-certificate.fixture.ts';
import { serve, subjectOf } from '../testing/subject.ts';
import { cookieGaps, judgeCookies } from './cookies.ts';

const issued = { cert: ISSUED_CERT, key: ISSUED_KEY };
let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parley-audit-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  await writeFile(join(dataDir, 'admin-token'), 'the token\n');
});

/** A server whose login sets this cookie, and what it was asked. */
async function judgeLogin(cookie: string, tls?: typeof issued) {
  const asked: string[] = [];
  const url = await serve({
    ...(tls && { tls }),
    onRequest: (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        asked.push(`${request.url ?? ''} ${request.headers.cookie ?? ''}${body}`);
        const granted = body === '{"token":"the token"}';
        if (granted) response.setHeader('set-cookie', cookie);
        response.writeHead(request.url === '/' || granted || body === '{}' ? 200 : 401).end();
      });
    },
  });
  const judgement = await judgeCookies(subjectOf({ url, flags: ['--data-dir', dataDir] }));
  return { judgement, asked };
}

describe('the cookie of a login', () => {
  it('is found without the flags that protect it', async () => {
    const { judgement } = await judgeLogin('sid=1; Path=/', issued);
    expect(judgement).toMatchObject({
      findings: [
        {
          id: 'cookie-without-flags',
          evidence: expect.stringContaining('sid without HttpOnly and SameSite and Secure') as string,
        },
      ],
    });
  });

  it('is in order with them, and the login is ended again', async () => {
    const { judgement, asked } = await judgeLogin('sid=1; HttpOnly; SameSite=Strict');
    expect(await found(judgement)).toEqual([]);
    expect(asked.at(-1)).toBe('/api/admin/logout sid=1{}');
  });

  it('cannot be judged with the token of another data folder', async () => {
    await writeFile(join(dataDir, 'admin-token'), 'another one');
    const { judgement } = await judgeLogin('sid=1');
    expect(judgement).toMatchObject({ outcome: 'failed', why: expect.stringContaining('401') as string });
  });
});

describe('cookies', () => {
  it('of the page itself are judged too', async () => {
    await rm(join(dataDir, 'admin-token'));
    const url = await serve({ headers: { 'set-cookie': ['a=1; HttpOnly; SameSite=Lax', 'b=2; HttpOnly'] } });
    const judgement = await judgeCookies(subjectOf({ url, flags: ['--data-dir', dataDir] }));
    expect(judgement).toMatchObject({
      findings: [{ evidence: expect.stringMatching(/: b without SameSite$/) as string }],
    });
  });

  it('need not be marked Secure where nothing is encrypted, and SameSite=None protects from nothing', () => {
    expect(cookieGaps('a=1; HttpOnly; SameSite=Lax', false)).toEqual([]);
    expect(cookieGaps('a=HttpOnly; SameSite=None; Secure', true)).toEqual(['HttpOnly', 'SameSite']);
  });
});
