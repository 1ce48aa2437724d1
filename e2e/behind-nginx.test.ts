// The whole of Parley behind Debian's nginx as docs/deployment sets it up: page, signalling and the media server's control
// socket through one TLS port. Clients are plain ones; what browsers do in a call is tested elsewhere.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { get as getSecurely, type RequestOptions } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '@parley/app-server';
import { HealthResponse } from '@parley/protocol';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { BareClient } from './src/bare-client.ts';
import { Child, tail } from './src/child.ts';
import { ensureNginx, Nginx } from './src/nginx.ts';
import { MEDIA_SERVER, openAddress, PARLEY } from './src/parley-server.ts';

const TOKEN = 'open-sesame';
const HOUR_MS = 3_600_000;
/** Packages may have to be installed first. */
const SET_UP_TIMEOUT_MS = 180_000;

let folder: string;
let ca: string;
/** As browsers see it. */
let outside: string;
let httpPort: number;
let nginx: Nginx | undefined;
const children: Child[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-nginx-'));
  ensureNginx();
  const made = await makeCertificate(['localhost'], {
    from: new Date(Date.now() - HOUR_MS),
    to: new Date(Date.now() + HOUR_MS),
  });
  ca = made.cert;
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certFile, made.cert);
  writeFileSync(keyFile, made.key);
  const [plain, httpsPort, appServerPort, mediaServerPort] = await freePorts(4);
  httpPort = plain;
  outside = `https://localhost:${httpsPort}`;
  nginx = await Nginx.start(join(folder, 'nginx'), {
    httpPort,
    httpsPort,
    certFile,
    keyFile,
    appServerPort,
    mediaServerPort,
  });

  const data = join(folder, 'data');
  mkdirSync(join(data, 'tests'), { recursive: true });
  const mediaServer = start(
    MEDIA_SERVER,
    [
      '--listen',
      `127.0.0.1:${mediaServerPort}`,
      '--rtc-port',
      '0',
      '--announce',
      '127.0.0.1',
      '--data',
      join(data, 'recordings'),
      '--files',
      join(data, 'tests'),
    ],
    { PARLEY_MEDIA_TOKEN: TOKEN },
  );
  await mediaServer.told();
  const parley = start(PARLEY, [], {
    PORT: String(appServerPort),
    HOST: '127.0.0.1',
    DATA_DIR: data,
    TRUST_PROXY: '127.0.0.1',
    // The application server goes through nginx as well, like one on another machine.
    MEDIA_SERVER_URL: `${outside.replace('https', 'wss')}/kurento`,
    MEDIA_SERVER_TOKEN: TOKEN,
    MEDIA_SERVER_CA: certFile,
  });
  await openAddress(parley);
}, SET_UP_TIMEOUT_MS);

afterEach(({ task }) => {
  if (task.result?.state === 'fail') for (const child of children) console.error(tail(child.log));
});

afterAll(async () => {
  for (const child of children.reverse()) await child.stop();
  await nginx?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(entry: string, args: string[], environment: Record<string, string>): Child {
  const child = new Child(entry, args, environment, join(folder, `${children.length}.log`));
  children.push(child);
  return child;
}

/** nginx cannot choose ports itself. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function fetched(path: string, options: RequestOptions = {}): Promise<[IncomingMessage, string]> {
  const [response] = (await once(getSecurely(outside + path, { ca, ...options }), 'response')) as [
    IncomingMessage,
  ];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return [response, Buffer.concat(chunks).toString()];
}

/** 'open', or the status of the refusal. */
async function upgraded(path: string, options: ClientOptions): Promise<string> {
  const socket = new WebSocket(outside.replace('https', 'wss') + path, { ca, ...options });
  return new Promise<string>((resolve) => {
    socket.on('open', () => resolve('open'));
    socket.on('error', ({ message }) => resolve(message));
    socket.on('unexpected-response', (_request, response) => resolve(String(response.statusCode)));
  }).finally(() => socket.terminate());
}

it('serves the page over HTTPS, with a policy for the host and scheme that browsers see', async () => {
  const [response, page] = await fetched('/');
  expect(response.statusCode).toBe(200);
  expect(page).toContain('<title>');
  expect(response.headers['content-security-policy']).toContain(
    `connect-src 'self' ${outside.replace('https', 'wss')};`,
  );
  expect(response.headers['strict-transport-security']).toBe('max-age=15552000');
});

it('sends who comes in clear to HTTPS', async () => {
  const [response] = (await once(get(`http://localhost:${httpPort}/r/abc`), 'response')) as [IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(301);
  expect(response.headers.location).toBe('https://localhost/r/abc');
});

it('passes signalling on, for its own page only', async () => {
  const client = await BareClient.connect(outside, { ca });
  expect(await client.ask('requestTest', {})).toHaveProperty('iceServers');
  client.close();
  expect(await upgraded('/ws', { origin: 'https://evil.example' })).toBe('403');
  expect(await upgraded('/ws', { origin: outside.replace('https', 'http') })).toBe('403');
  const claims = { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' };
  expect(await upgraded('/ws', { origin: 'https://evil.example', headers: claims })).toBe('403');
});

it('counts what each address may do for itself, whatever it claims to forward', async () => {
  const statuses = [];
  for (let n = 0; n < 70; n++) {
    const headers = { 'X-Forwarded-For': `198.51.100.${n}` };
    statuses.push((await fetched('/api/rooms', { method: 'POST', headers }))[0].statusCode);
  }
  expect(statuses[0]).toBe(201);
  expect(statuses.at(-1)).toBe(429);
});

it('lets the application server, and whoever has the token, reach the media server by wss', async () => {
  const [, health] = await fetched('/api/health');
  expect(HealthResponse.parse(JSON.parse(health))).toMatchObject({ ready: true, mediaServer: 'connected' });
  const headers = { Authorization: `Bearer ${TOKEN}` };
  expect(await upgraded('/kurento', { headers })).toBe('open');
  expect(await upgraded('/kurento', {})).toBe('401');
  expect(await upgraded('/kurento', { headers: { Authorization: 'Bearer guess' } })).toBe('401');
});
