// Who may look at the sessions: token, cookie, limits; and what is pushed to those who may.
import { stat, writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SessionsResponse } from '@parley/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Harness, offer } from '../testing/harness.ts';
import { holdTime } from '../testing/still-time.ts';
import { AdminLogins, LOGIN_MS } from './admin-logins.ts';
import { sameSecret } from './admin-token.ts';

let harness: Harness;
let token: string;

beforeEach(async () => {
  harness = await Harness.start({ trustedProxies: ['127.0.0.1'] });
  token = harness.server.admin.token ?? '';
});
afterEach(() => harness.close());

type Headers = Record<string, string>;

const get = (path: string, headers: Headers = {}) =>
  fetch(`${harness.server.url}/api/admin${path}`, { headers });
const post = (path: string, body?: unknown, headers: Headers = {}) =>
  fetch(`${harness.server.url}/api/admin${path}`, {
    method: 'POST',
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

async function login(headers: Headers = {}): Promise<{ cookie: string; flags: string[] }> {
  const response = await post('/login', { token }, headers);
  expect(response.status).toBe(200);
  const [cookie = '', ...flags] = (response.headers.get('set-cookie') ?? '').split('; ');
  return { cookie, flags };
}

const reasonOf = async (response: Response) => [
  response.status,
  ((await response.json()) as { reason: string }).reason,
];

test('the token is made once, for the owner of the data folder alone, and told at the first start only', async () => {
  const { file } = harness.server.admin;
  expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readFile(file, 'utf8')).trim()).toBe(token);
  await harness.restart();
  expect(harness.server.admin).toEqual({ file: join(harness.dataDir, 'admin-token'), token: undefined });
  expect((await get('/sessions', { authorization: `Bearer ${token}` })).status).toBe(200);
});

test('an empty file of a token lets nobody in, but gets a new token', async () => {
  await writeFile(harness.server.admin.file, '\n');
  await harness.restart();
  expect(harness.server.admin.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect((await get('/sessions', { authorization: 'Bearer ' })).status).toBe(401);
});

test('everything is shut without the token', async () => {
  for (const path of [
    '/sessions',
    '/sessions/stream-0001',
    '/sessions/stream-0001.json',
    '/sessions/x/events',
  ]) {
    const response = await get(path, { cookie: 'parley_admin=made-up' });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await reasonOf(response)).toEqual([401, 'not-logged-in']);
  }
});

test('the cookie of a login opens it until the logout, and cannot be read, sent along or set by others', async () => {
  const { cookie, flags } = await login();
  expect(cookie).toMatch(/^parley_admin=[A-Za-z0-9_-]{43}$/);
  expect(flags).toEqual(['Path=/', 'Max-Age=43200', 'HttpOnly', 'SameSite=Strict']);
  const opened = await get('/sessions', { cookie: `other=1; ${cookie}` });
  expect(SessionsResponse.parse(await opened.json())).toEqual({ sessions: [] });
  const out = await post('/logout', undefined, { cookie });
  expect([out.status, out.headers.get('set-cookie')]).toEqual([
    200,
    'parley_admin=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict',
  ]);
  expect((await get('/sessions', { cookie })).status).toBe(401);
});

test('behind a trusted HTTPS proxy the cookie travels encrypted only, and no neighbour can set it', async () => {
  const https = { 'x-forwarded-proto': 'https' };
  const { cookie, flags } = await login(https);
  expect(cookie).toMatch(/^__Host-parley_admin=/);
  expect(flags).toContain('Secure');
  expect((await get('/sessions', { cookie, ...https })).status).toBe(200);
  // Planted by somebody in clear, without the prefix.
  const planted = cookie.replace('__Host-', '');
  expect((await get('/sessions', { cookie: planted, ...https })).status).toBe(401);
});

test('a wrong token is refused, and after five tries a minute so is every other of that address, but never the right one', async () => {
  holdTime();
  for (let time = 0; time < 4; time++)
    expect(await reasonOf(await post('/login', { token: `${token}x` }))).toEqual([401, 'wrong-token']);
  // Tried by a script, it is the same try.
  expect((await get('/sessions', { authorization: 'Bearer wrong' })).status).toBe(401);
  expect(await reasonOf(await post('/login', { token: 'wrong' }))).toEqual([429, 'too-many-requests']);
  expect((await get('/sessions', { authorization: 'Bearer wrong' })).status).toBe(429);
  // Who has the token is not locked out by others, perhaps behind the same proxy; other addresses are not either.
  expect((await post('/login', { token })).status).toBe(200);
  expect((await get('/sessions', { authorization: `Bearer ${token}` })).status).toBe(200);
  expect((await post('/login', { token: 'wrong' }, { 'x-forwarded-for': '192.0.2.8' })).status).toBe(401);
});

test('pages of other sites can neither log in nor out, and what is no login is refused', async () => {
  const origin = 'https://elsewhere.example';
  expect(await reasonOf(await post('/login', { token }, { origin }))).toEqual([403, 'foreign-origin']);
  expect(await reasonOf(await post('/logout', undefined, { origin }))).toEqual([403, 'foreign-origin']);
  expect((await post('/login', { token }, { origin: harness.server.url })).status).toBe(200);
  for (const body of [{}, { token: 7 }, { token: '' }, { token: 'x'.repeat(300) }, []])
    expect((await post('/login', body)).status).toBe(400);
});

test('lists the sessions, the newest first, and gives one to look at or to keep', async () => {
  const headers = { authorization: `Bearer ${token}` };
  const ada = await harness.joined(await harness.createRoom());
  const [camera, screen] = [await harness.broadcast(ada), await harness.broadcast(ada, 'screen')];
  const { sessions } = SessionsResponse.parse(await (await get('/sessions', headers)).json());
  expect(sessions.map(({ id, kind }) => [id, kind])).toEqual([
    [screen, 'screen'],
    [camera, 'camera'],
  ]);
  const file = await get(`/sessions/${camera}.json`, headers);
  expect(file.headers.get('content-disposition')).toBe(
    `attachment; filename="parley-session-${camera}.json"`,
  );
  expect(await file.json()).toMatchObject({ id: camera });
  expect((await get(`/sessions/${camera}`, headers)).headers.get('content-disposition')).toBeNull();
  for (const none of ['nobody-1', '..%2F..%2Fetc', 'a"b.json', 'x'.repeat(90)])
    expect((await get(`/sessions/${none}`, headers)).status).toBe(404);
});

test('tells a page when to look again, and stops after the logout', async () => {
  const { cookie } = await login();
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  const response = await get(`/sessions/${stream}/events`, { cookie });
  expect([
    response.status,
    response.headers.get('content-type'),
    response.headers.get('cache-control'),
  ]).toEqual([200, 'text/event-stream; charset=utf-8', 'no-store']);
  expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
  const reader = response.body?.getReader();
  const read = async () => new TextDecoder().decode((await reader?.read())?.value);
  expect(await read()).toBe('data: changed\n\n');
  await bob.request('watch', { stream, sdpOffer: offer() });
  expect(await read()).toMatch(/^(data: changed\n\n)+$/);
  await post('/logout', undefined, { cookie });
  await bob.request('unwatch', { stream });
  // What was said of the watching before the logout may come still, the end after it.
  while ((await read()) !== '') continue;
  expect((await get('/sessions/nobody-1/events', { cookie })).status).toBe(401);
});

test('the server ends at once though a page is listening', async () => {
  const ada = await harness.joined(await harness.createRoom());
  const stream = await harness.broadcast(ada);
  const response = await get(`/sessions/${stream}/events`, { authorization: `Bearer ${token}` });
  const reader = response.body?.getReader();
  await reader?.read();
  await harness.restart();
  const rest = await reader?.read().catch(() => ({ done: true }));
  expect(rest).toBeDefined();
});

test('a login ends after twelve hours, and the oldest makes way for too many', () => {
  const logins = new AdminLogins();
  const first = logins.begin(0);
  expect([logins.valid(first, LOGIN_MS - 1), logins.valid(first, LOGIN_MS)]).toEqual([true, false]);
  const second = logins.begin(1);
  for (let n = 0; n < 63; n++) logins.begin(2);
  expect([logins.valid(first, 3), logins.valid(second, 3)]).toEqual([false, true]);
  logins.end(second);
  expect(logins.valid(second, 3)).toBe(false);
});

test('secrets of different lengths are compared, and are different', () => {
  expect([sameSecret('abc', 'abc'), sameSecret('abc', 'abcd'), sameSecret('', 'a')]).toEqual([
    true,
    false,
    false,
  ]);
});
