// Page and signalling of a running server over TLS; its certificate exchanged; the media server reached over wss.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, get, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startAppServer, type AppServerOptions, type RunningAppServer, type TlsOptions } from '../index.ts';
import { Harness, silent } from '../testing/harness.ts';
import { holdTime } from '../testing/still-time.ts';
import { makeCertificate, type MadeCertificate } from './make-certificate.ts';
import { ServerCertificate } from './server-certificate.ts';

const NOW = Date.now();
const DAY_MS = 86_400_000;
const make = (fromDays: number, toDays: number): Promise<MadeCertificate> =>
  makeCertificate(['localhost', '127.0.0.1'], {
    from: new Date(NOW + fromDays * DAY_MS),
    to: new Date(NOW + toDays * DAY_MS),
  });

let folder: string;
let given: MadeCertificate;
let other: MadeCertificate;
const path = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-given-tls-'));
  const [ended, early] = await Promise.all([make(-2, -1), make(1, 2)]);
  [given, other] = await Promise.all([make(-1, 60), make(-1, 60)]);
  await Promise.all([
    writeFile(path('cert.pem'), given.cert),
    writeFile(path('key.pem'), given.key),
    writeFile(path('other-key.pem'), other.key),
    writeFile(path('ended.pem'), ended.cert),
    writeFile(path('ended-key.pem'), ended.key),
    writeFile(path('early.pem'), early.cert),
    writeFile(path('early-key.pem'), early.key),
  ]);
});
afterAll(() => rm(folder, { recursive: true }));

let harness: Harness | undefined;
afterEach(async () => {
  await harness?.close();
  harness = undefined;
});

const files = (certFile: string, keyFile: string): TlsOptions => ({
  kind: 'files',
  certFile: path(certFile),
  keyFile: path(keyFile),
});

function failingStart(options: Partial<AppServerOptions>): Promise<RunningAppServer> {
  return startAppServer({
    host: '127.0.0.1',
    port: 0,
    dataDir: path('data'),
    clientDir: folder,
    mediaServer: { url: 'ws://127.0.0.1:9' },
    log: silent,
    ...options,
  });
}

async function headersOf(url: string, options: RequestOptions): Promise<IncomingHttpHeaders> {
  const [response] = (await once(get(url, options), 'response')) as [
    { headers: IncomingHttpHeaders; resume(): void },
  ];
  response.resume();
  return response.headers;
}

/** 101 when let in. */
function upgradeStatus(origin: string, headers: Record<string, string> = {}): Promise<number> {
  const url = `${harness?.server.url.replace('http', 'ws') ?? ''}/ws`;
  const socket = new WebSocket(url, { origin, headers, rejectUnauthorized: false });
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
  }).finally(() => socket.terminate()) as Promise<number>;
}

/** The SHA-256 fingerprint that is served. */
async function servedBy(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate: PeerCertificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate.fingerprint256;
}

describe('with a given certificate', () => {
  it('serves page and signalling, asks for HTTPS from now on, and lets in its own page by its scheme', async () => {
    harness = await Harness.start({ tls: files('cert.pem', 'key.pem') });
    const { url, port, certificate } = harness.server;
    expect(url).toBe(`https://127.0.0.1:${port}`);
    expect(certificate).toMatchObject({ selfMade: false, fingerprint: await servedBy(port) });
    const headers = await headersOf(`${url}/`, { ca: given.cert });
    expect(headers['strict-transport-security']).toMatch(/^max-age=/);
    expect(headers['content-security-policy']).toContain(`connect-src 'self' wss://127.0.0.1:${port};`);
    expect(headers['set-cookie']).toBeUndefined();
    const browser = await harness.browser({ ca: given.cert, origin: url });
    expect(await browser.request('requestTest', {})).toHaveProperty('iceServers');
    expect(await upgradeStatus(url.replace('https', 'http'))).toBe(403);
    expect(await upgradeStatus('https://evil.example')).toBe(403);
  });

  it('speaks nothing older than TLS 1.2', async () => {
    harness = await Harness.start({ tls: files('cert.pem', 'key.pem') });
    const old = connect({
      port: harness.server.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      // Without this OpenSSL would not even offer them.
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const [error] = (await once(old, 'error')) as [Error];
    expect(error.message).toMatch(/protocol version/);
  });

  it.each([
    ['missing.pem', 'key.pem', /^cannot use \S+missing\.pem for TLS: ENOENT/],
    ['key.pem', 'key.pem', /^cannot use \S+key\.pem for TLS: it is no certificate in PEM form$/],
    ['cert.pem', 'cert.pem', /^cannot use \S+cert\.pem for TLS: it is no private key in PEM form/],
    ['cert.pem', 'other-key.pem', /other-key\.pem for TLS: it is not the key of \S+cert\.pem$/],
    ['ended.pem', 'ended-key.pem', /^cannot use \S+ended\.pem for TLS: it was valid until [^\n]+$/],
    ['early.pem', 'early-key.pem', /^cannot use \S+early\.pem for TLS: it is not valid before [^\n]+$/],
  ])('refuses %s with %s in one line', async (certFile, keyFile, line) => {
    const starting = failingStart({ tls: files(certFile, keyFile) });
    await expect(starting).rejects.toMatchObject({ failure: 'certificate-unusable' });
    await expect(starting).rejects.toThrow(line);
  });

  it('takes an exchanged certificate without a restart, and keeps the former one while they do not match', async () => {
    const warned: string[] = [];
    const log = {
      info: () => undefined,
      warn: (_fields: object, message: string) => warned.push(message),
    } as unknown as typeof silent;
    const own = { kind: 'files', certFile: path('own.pem'), keyFile: path('own-key.pem') } as const;
    await writeFile(own.certFile, given.cert);
    await writeFile(own.keyFile, given.key);
    const certificate = await ServerCertificate.open(own, { dataDir: folder, log, lookIntervalMs: 20 });
    const server = createServer(certificate.secureContext);
    certificate.follow(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const first = await servedBy(port);

    await writeFile(own.certFile, other.cert);
    // Noticed twice when a look falls between the file's emptying and its filling.
    await expect
      .poll(() => [...new Set(warned)], { timeout: 10_000 })
      .toEqual(['the changed certificate cannot be used, the former one stays']);
    expect(await servedBy(port)).toBe(first);
    await writeFile(own.keyFile, other.key);
    await expect.poll(() => servedBy(port), { timeout: 10_000 }).not.toBe(first);
    expect(certificate.summary.fingerprint).toBe(await servedBy(port));
    certificate.close();
    certificate.close();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('with a self-signed certificate', () => {
  it('makes it in the data folder, uses it again after a restart, and does not bind browsers to it', async () => {
    harness = await Harness.start({ tls: { kind: 'self-signed', announcedIps: ['192.0.2.9'] } });
    const made = await servedBy(harness.server.port);
    expect(harness.server.certificate).toMatchObject({ selfMade: true, fingerprint: made });
    expect((await stat(join(harness.dataDir, 'tls', 'key.pem'))).mode & 0o777).toBe(0o600);
    const headers = await headersOf(harness.server.url, { rejectUnauthorized: false });
    expect(headers['strict-transport-security']).toBeUndefined();
    const browser = await harness.browser({ rejectUnauthorized: false, origin: harness.server.url });
    expect(await browser.request('requestTest', {})).toHaveProperty('iceServers');
    await browser.close();
    await harness.restart();
    expect(await servedBy(harness.server.port)).toBe(made);
  });
});

describe('behind a proxy', () => {
  const forwarded = {
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'meet.example',
    'x-forwarded-for': '203.0.113.1',
  };

  /** How many rooms at one moment are made for as many different clients that the proxy speaks for. */
  async function roomsFor(clients: number): Promise<number> {
    holdTime();
    let made = 0;
    for (let n = 0; n < clients; n++) {
      const headers = { ...forwarded, 'x-forwarded-for': `198.51.100.${n}` };
      const { status } = await fetch(`${harness?.server.url}/api/rooms`, { method: 'POST', headers });
      if (status === 201) made++;
    }
    return made;
  }

  it('that is named, takes its word for page and client', async () => {
    harness = await Harness.start({ trustedProxies: ['127.0.0.1'] });
    const { headers } = await fetch(harness.server.url, { headers: forwarded });
    expect(headers.get('content-security-policy')).toContain("connect-src 'self' wss://meet.example;");
    expect(await upgradeStatus('https://meet.example', forwarded)).toBe(101);
    expect(await upgradeStatus('http://meet.example', forwarded)).toBe(403);
    expect(await upgradeStatus(harness.server.url, forwarded)).toBe(403);
    expect(await roomsFor(61)).toBe(61);
  });

  it('that is not named, takes it for the client and its word for nothing', async () => {
    harness = await Harness.start();
    expect(await upgradeStatus('https://meet.example', forwarded)).toBe(403);
    expect(await upgradeStatus(harness.server.url, forwarded)).toBe(101);
    expect(await roomsFor(61)).toBe(60);
  });
});

describe('a media server with a certificate of its own authority', () => {
  /** Answers every request like a media server that has nothing. */
  async function secureMediaServer() {
    const server = createServer({ cert: given.cert, key: given.key });
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => {
        const { id } = JSON.parse(data.toString()) as { id: number };
        socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { value: [], sessionId: 's' } }));
      }),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    return {
      url: `wss://127.0.0.1:${port}/kurento`,
      close: () => {
        for (const socket of sockets.clients) socket.terminate();
        server.close();
      },
    };
  }

  it.each([
    ['cert.pem', 'connected'],
    [undefined, 'unreachable'],
  ])('with authority %s is %s', async (caFile, reached) => {
    const mediaServer = await secureMediaServer();
    harness = await Harness.start({
      mediaServer: { url: mediaServer.url, ...(caFile === undefined ? {} : { caFile: path(caFile) }) },
    });
    const health = await fetch(`${harness.server.url}/api/health`);
    expect(await health.json()).toMatchObject({ mediaServer: reached });
    mediaServer.close();
  });

  it('is refused in one line when the authority cannot be read', async () => {
    const starting = failingStart({ mediaServer: { url: 'wss://127.0.0.1:9', caFile: path('none.pem') } });
    await expect(starting).rejects.toThrow(/^cannot use \S+none\.pem for TLS: ENOENT[^\n]+$/);
  });
});
