// The HTTP side of a running server: API, files, headers.
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { request as httpRequest } from 'node:http';
import { ErrorResponse, HealthResponse, RecordingsResponse, type RoomId } from '@parley/protocol';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Harness } from '../testing/harness.ts';
import { holdTime } from '../testing/still-time.ts';

let harness: Harness;
let room: RoomId;
let piece: string;
beforeAll(async () => {
  harness = await Harness.start();
  room = await harness.createRoom();
  const ada = await harness.joined(room);
  await harness.broadcast(ada);
  await ada.request('startRecording', {});
  await ada.request('stopRecording', {});
  const { recordings } = RecordingsResponse.parse(await (await get(`/api/rooms/${room}/recordings`)).json());
  piece = recordings[0]?.pieces[0]?.url ?? '';
});
afterAll(() => harness.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(harness.server.url + path, { headers });

/** `fetch` tidies paths up before it sends them; this does not. */
function rawStatus(path: string): Promise<number> {
  const { port } = harness.server;
  return new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port, path }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

test('a room is made, found with its participants, and not found when it does not exist', async () => {
  expect(await (await get(`/api/rooms/${room}`)).json()).toMatchObject({ id: room, participants: 1 });
  for (const unknown of ['aaaaaaaaaaaaaaaaaaaaaa', '..', 'x%00y']) {
    const response = await get(`/api/rooms/${encodeURIComponent(unknown)}`);
    expect(response.status).toBe(404);
  }
});

test('an address that cannot be decoded is refused like all others, with the headers that every reply has', async () => {
  for (const path of ['/r/%E0%A4%A', '/api/rooms/%']) {
    const response = await get(path);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-security-policy')).toBeTruthy();
    expect(ErrorResponse.parse(await response.json()).reason).toBe('invalid-request');
  }
});

test('every refusal of the API has a reason and a sentence', async () => {
  const responses = await Promise.all([
    get('/api/nothing'),
    get('/api/rooms/aaaaaaaaaaaaaaaaaaaaaa/recordings'),
    fetch(`${harness.server.url}/api/rooms`, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    }),
    fetch(`${harness.server.url}/api/rooms`, {
      method: 'POST',
      body: 'x'.repeat(20_000),
      headers: { 'content-type': 'text/plain' },
    }),
  ]);
  expect(responses.map(({ status }) => status)).toEqual([404, 404, 400, 413]);
  for (const response of responses) ErrorResponse.parse(await response.json());
});

test('a piece is served whole and in ranges, with its type', async () => {
  const whole = await get(piece);
  expect(whole.status).toBe(200);
  expect(whole.headers.get('content-type')).toBe('video/webm');
  expect(whole.headers.get('accept-ranges')).toBe('bytes');
  const text = await whole.text();
  const part = await get(piece, { range: 'bytes=4-9' });
  expect(part.status).toBe(206);
  expect(part.headers.get('content-range')).toBe('bytes 4-9/30');
  expect(await part.text()).toBe(text.slice(4, 10));
  expect((await get(piece, { range: 'bytes=30-' })).status).toBe(416);
});

test('a piece whose codecs made it Matroska is served as such', async () => {
  const [, , , , , recording, id] = piece.split('/');
  const file = join(harness.dataDir, 'recordings', room, recording ?? '', `${id}.webm`);
  await writeFile(
    file,
    Buffer.from([0x1a, 0x45, 0xdf, 0xa3, 0x93, 0x42, 0x82, 0x88, ...Buffer.from('matroska')]),
  );
  expect((await get(piece)).headers.get('content-type')).toBe('video/x-matroska');
  await writeFile(file, 'not really webm, but 30 bytes.');
});

test('a piece is reached through its own room and recording only', async () => {
  const other = await harness.createRoom();
  expect((await get(piece.replace(room, other))).status).toBe(404);
  const [, , , , , recording, id] = piece.split('/');
  expect((await get(piece.replace(recording ?? '', id ?? ''))).status).toBe(404);
});

test.each([
  '/api/rooms/ROOM/recordings/../../../parley.db',
  '/api/rooms/ROOM/recordings/..%2f..%2f..%2fparley.db/x',
  '/api/rooms/ROOM/recordings/aaaaaaaa/..%2f..%2f..%2f..%2fparley.db',
  '/api/rooms/..%2f..%2f..%2f/recordings/aaaaaaaa/parley.db',
  '/api/rooms/ROOM/recordings/aaaaaaaa/%2e%2e%5c%2e%2e%5cparley.db',
  '/../parley.db',
  '/..%2fparley.db',
  '/%2e%2e/parley.db',
  '/assets/..%2f..%2fparley.db',
  '/%00',
])('%s leads nowhere', async (path) => {
  expect([400, 403, 404]).toContain(await rawStatus(path.replace('ROOM', room)));
});

test('a link inside the recordings that leads out of them is not in the database, so it is not served', async () => {
  const link = join(harness.dataDir, 'recordings', room, 'aaaaaaaa', 'bbbbbbbb.webm');
  await mkdir(dirname(link), { recursive: true });
  await symlink(join(harness.dataDir, 'parley.db'), link);
  expect((await get(`/api/rooms/${room}/recordings/aaaaaaaa/bbbbbbbb`)).status).toBe(404);
});

test('the page is served at each of its addresses, never from a cache; hashed files from a cache for ever', async () => {
  for (const path of ['/', `/r/${room}`, '/recordings']) {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(await response.text()).toContain('Parley');
  }
  expect((await get('/assets/index-abc123.js')).headers.get('cache-control')).toContain('immutable');
  expect((await get('/assets/missing.js')).status).toBe(404);
});

test('a person at a wrong address gets the page, which says so; a program gets JSON', async () => {
  const person = await get('/no/such/page', { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' });
  expect(person.status).toBe(404);
  expect(person.headers.get('content-type')).toContain('text/html');
  expect(await person.text()).toContain('Parley');
  for (const [path, accept] of [
    ['/no/such/page', '*/*'],
    ['/api/nothing', 'text/html'],
  ] as const)
    ErrorResponse.parse(await (await get(path, { accept })).json());
});

test('every reply carries the policy', async () => {
  for (const path of ['/', '/api/health', '/api/nothing', piece]) {
    const { headers } = await get(path);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain(`connect-src 'self' ws://127.0.0.1:${harness.server.port} `);
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  }
});

test('one address cannot make rooms without end', async () => {
  const own = await Harness.start();
  holdTime();
  const statuses = [];
  for (let n = 0; n < 61; n++)
    statuses.push((await fetch(`${own.server.url}/api/rooms`, { method: 'POST' })).status);
  expect(statuses.slice(0, 60)).toEqual(Array<number>(60).fill(201));
  expect(statuses.at(-1)).toBe(429);
  await own.close();
});

test('health tells whoever comes through a proxy that is not named, and the log does once', async () => {
  const logged: string[] = [];
  const own = await Harness.start({ log: pino({}, { write: (line) => void logged.push(line) }) });
  onTestFinished(() => own.close());
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(`${own.server.url}/api/health`, { headers });
    return HealthResponse.parse(await response.json());
  };
  expect(await ask({})).not.toHaveProperty('undeclaredProxy');
  for (let time = 0; time < 5; time++)
    expect(await ask({ 'x-forwarded-for': '192.0.2.9' })).toMatchObject({ undeclaredProxy: true });
  expect(logged.filter((line) => line.includes('TRUST_PROXY does not name'))).toHaveLength(1);
});

test('health says what is there and what is not', async () => {
  const own = await Harness.start();
  const health = async () => {
    const response = await fetch(`${own.server.url}/api/health`);
    return [response.status, HealthResponse.parse(await response.json())];
  };
  expect(await health()).toEqual([200, { ready: true, mediaServer: 'connected', database: 'connected' }]);
  const browser = await own.browser();
  await own.kurento.stopListening();
  await browser.hears('mediaServer');
  expect(await health()).toEqual([503, { ready: false, mediaServer: 'unreachable', database: 'connected' }]);
  await own.kurento.listenAgain();
  await browser.hears('mediaServer', 2);
  expect((await health())[0]).toBe(200);
  await own.close();
});
