import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { audit } from '../audit.ts';
import { found } from '../testing/found.ts';
import { ISSUED_CERT, ISSUED_KEY } from '../testing/issued-certificate.fixture.ts';
import { serve, subjectOf } from '../testing/subject.ts';
import { cookieGaps, judgeCookies } from './cookies.ts';

const issued = { cert: ISSUED_CERT, key: ISSUED_KEY };

/** A server whose logout takes this cookie back. */
async function judgeLogout(cookie: string, tls?: typeof issued) {
  const url = await serve({
    ...(tls && { tls }),
    onRequest: ({ url: path, method }, response) => {
      const out = method === 'POST' && path === '/api/admin/logout';
      if (out) response.setHeader('set-cookie', cookie);
      response.writeHead(out || path === '/' ? 200 : 404).end();
    },
  });
  return judgeCookies(subjectOf({ url }));
}

/** Takes part in nothing, answers everything with 200, and keeps every byte that it is sent. Ends with the test. */
async function impostor(): Promise<{ url: string; heard: () => string }> {
  let heard = '';
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard: () => heard };
}

describe('the cookie of the administration', () => {
  it('is found without the flags that protect it', async () => {
    expect(await judgeLogout('sid=; Path=/', issued)).toMatchObject({
      findings: [
        {
          id: 'cookie-without-flags',
          evidence: expect.stringContaining('sid without HttpOnly and SameSite and Secure') as string,
        },
      ],
    });
  });

  it('is in order with them', async () => {
    expect(await found(judgeLogout('sid=; HttpOnly; SameSite=Strict'))).toEqual([]);
  });

  it('cannot be judged where nobody can log out', async () => {
    const url = await serve({ onRequest: (_, response) => response.writeHead(404).end() });
    expect(await judgeCookies(subjectOf({ url }))).toMatchObject({
      outcome: 'failed',
      why: expect.stringContaining('404') as string,
    });
  });
});

describe('the administrator’s token', () => {
  it('is shown by no check to whatever answers where Parley should', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'parley-audit-'));
    onTestFinished(() => rm(dataDir, { recursive: true }));
    await writeFile(join(dataDir, 'admin-token'), 'the-token-of-this-folder\n', { mode: 0o600 });
    const { url, heard } = await impostor();
    await audit(subjectOf({ url, flags: ['--data-dir', dataDir, '--turn-port', 'off'] }));
    expect(heard()).toContain('POST /api/admin/logout');
    expect(heard()).not.toContain('the-token-of-this-folder');
  });
});

describe('cookies', () => {
  it('of the page itself are judged too', async () => {
    const url = await serve({ headers: { 'set-cookie': ['a=1; HttpOnly; SameSite=Lax', 'b=2; HttpOnly'] } });
    expect(await judgeCookies(subjectOf({ url }))).toMatchObject({
      findings: [{ evidence: expect.stringMatching(/: b without SameSite$/) as string }],
    });
  });

  it('need not be marked Secure where nothing is encrypted, and SameSite=None protects from nothing', () => {
    expect(cookieGaps('a=1; HttpOnly; SameSite=Lax', false)).toEqual([]);
    expect(cookieGaps('a=HttpOnly; SameSite=None; Secure', true)).toEqual(['HttpOnly', 'SameSite']);
  });
});
