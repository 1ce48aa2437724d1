import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startTestServer, TestClient, type TestServer } from './testing.ts';

let server: TestServer;
let client: TestClient;

beforeAll(async () => {
  server = await startTestServer();
  client = await TestClient.open(server.port);
});

afterAll(async () => {
  await server.close();
});

/** 'open', or the status of the refusal. */
async function outcome(address: string, headers = {}): Promise<string> {
  const socket = new WebSocket(address, { headers });
  const result = await Promise.race([
    once(socket, 'open').then(() => 'open'),
    once(socket, 'unexpected-response').then(([, response]) => {
      return String((response as { statusCode: number }).statusCode);
    }),
  ]);
  socket.on('error', () => undefined);
  socket.terminate();
  return result;
}

/** A client without a token that has its refusal and does not close its side. */
async function refusedAndStaying(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  const lines = ['GET /kurento HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket'];
  socket.write([...lines, 'Sec-WebSocket-Key: key', '', ''].join('\r\n'));
  socket.resume();
  await once(socket, 'end');
  return socket;
}

/** Status and body of the answer to an upgrade. */
async function refusalAt(port: number, path: string, headers = {}): Promise<[number | undefined, string]> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  return [response.statusCode, await text(response)];
}

const warnings = ({ logged }: TestServer): unknown[] =>
  logged.filter(({ level }) => level === 40).map(({ msg }) => msg);

describe('the door of the Kurento server', () => {
  it('takes binary frames', async () => {
    client.socket.send(Buffer.from('{"jsonrpc":"2.0","id":"binary","method":"ping"}'));
    expect((await client.answer((answer) => answer.id === 'binary')).result.value).toBe('pong');
  });

  it('without a token refuses pages of other hosts, which any browser of this machine may have open', async () => {
    const url = `ws://127.0.0.1:${server.port}/kurento`;
    expect(await outcome(url, { Origin: 'https://evil.example' })).toBe('403');
    expect(await outcome(url, { Origin: 'null' })).toBe('403');
    expect(await outcome(url, { Origin: 'https://localhost:8443' })).toBe('open');
    expect(await outcome(url, { Origin: 'http://[::1]' })).toBe('open');
  });

  it('lets in pages of other hosts when everybody was allowed in so many words', async () => {
    const open = await startTestServer({ allowAnonymous: true });
    const url = `ws://127.0.0.1:${open.port}/kurento`;
    for (const Origin of ['https://evil.example', 'null', 'http://localhost'])
      expect(await outcome(url, { Origin })).toBe('open');
    await open.close();
  });

  it('takes a token that stands in the address as it is, with + and % and =, or percent-encoded', async () => {
    for (const token of ['a+b/c=', '%41+%zz', 'x?y']) {
      const guarded = await startTestServer({ token });
      const url = `ws://127.0.0.1:${guarded.port}/kurento`;
      for (const name of ['token', 'access_token']) {
        expect(await outcome(`${url}?a=1&${name}=${token}`)).toBe('open');
        expect(await outcome(`${url}?${name}=${encodeURIComponent(token)}&b=2`)).toBe('open');
        expect(await outcome(`${url}?${name}=${token}=`)).toBe('401');
        expect(await outcome(`${url}?x${name}=${token}`)).toBe('401');
      }
      await guarded.close();
    }
  });

  it('says to whom it refuses, and to the operator, why', async () => {
    const guarded = await startTestServer({ token: 'open-sesame', limits: { maxConnections: 1 } });
    const base = `http://127.0.0.1:${guarded.port}`;
    const token =
      'a client was refused (401): no token, or another one. Give ?token=… in the address, or "Authorization: Bearer …"';
    expect(await refusalAt(guarded.port, '/kurento?token=secret')).toEqual([401, `${token}\n`]);
    const plain = await fetch(`${base}/kurento`);
    expect([plain.status, plain.headers.get('content-type')]).toEqual([426, 'text/plain; charset=utf-8']);
    const spoken =
      'a client was refused (426): a plain HTTP request, where the protocol is spoken over WebSocket at /kurento';
    expect(await plain.text()).toBe(`${spoken}\n`);
    const astray = new WebSocket(`ws://127.0.0.1:${guarded.port}/kurentoo?token=open-sesame`);
    expect((await once(astray, 'close'))[0]).toBe(1002);
    const page =
      'a page of https://app.example was refused (403): pages of other hosts need --token or --allow-anonymous';
    const headers = { Origin: 'https://app.example' };
    expect(await refusalAt(server.port, '/kurento', headers)).toEqual([403, `${page}\n`]);

    const path = `a client was refused: path '/kurentoo', the protocol is spoken at /kurento`;
    expect(warnings(guarded)).toEqual([token, spoken, path]);
    expect(warnings(server)).toContain(page);
    const line = guarded.logged.find(({ msg }) => msg === token);
    expect(line?.client).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(JSON.stringify(guarded.logged)).not.toContain('secret');
    await guarded.close();
  });

  it('does not let who knocks for ever fill the log, nor hide the refusals of others', async () => {
    const guarded = await startTestServer({ token: 'open-sesame' });
    for (let count = 0; count < 20; count++) await refusalAt(guarded.port, '/kurento');
    expect(warnings(guarded)).toHaveLength(3);
    await fetch(`http://127.0.0.1:${guarded.port}/`);
    expect(warnings(guarded)).toHaveLength(4);
    await guarded.close();
  });

  it('lets in who has the token, by header or query, and nobody else', async () => {
    const guarded = await startTestServer({ token: 'open-sesame' });
    const url = `ws://127.0.0.1:${guarded.port}/kurento`;
    expect(await outcome(url, { Authorization: 'Bearer open-sesame' })).toBe('open');
    expect(await outcome(`${url}?token=open-sesame`)).toBe('open');
    expect(await outcome(`${url}?access_token=open-sesame`)).toBe('open');
    expect(await outcome(url)).toBe('401');
    expect(await outcome(`${url}?token=open-sesam`)).toBe('401');
    expect(await outcome(url, { Authorization: 'Bearer open-sesame2' })).toBe('401');
    await guarded.close();
  });

  it('lets go of whom it has refused, also when they stay, so that they shut nobody out', async () => {
    const guarded = await startTestServer({ token: 'open-sesame', limits: { maxConnections: 1 } });
    const strangers = await Promise.all(Array.from({ length: 101 }, () => refusedAndStaying(guarded.port)));
    const url = `ws://127.0.0.1:${guarded.port}/kurento?token=open-sesame`;
    expect(await outcome(url)).toBe('open');
    for (const stranger of strangers) stranger.destroy();
    await guarded.close();
  });

  it('hangs up on the oldest of many that say nothing, so that they shut nobody out', async () => {
    const guarded = await startTestServer({ limits: { maxConnections: 1 } });
    const silent = Array.from({ length: 250 }, () => connect(guarded.port, '127.0.0.1'));
    const closed = new Set<Socket>();
    for (const socket of silent) socket.on('close', () => closed.add(socket)).resume();
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    expect(await outcome(`ws://127.0.0.1:${guarded.port}/kurento`)).toBe('open');
    // As many as may be about to say something stay, less the one that made room for the client.
    await expect.poll(() => closed.size, { timeout: 10_000 }).toBeGreaterThanOrEqual(150);
    expect(closed.size).toBeLessThanOrEqual(151);
    for (const socket of silent) socket.destroy();
    await guarded.close();
  });

  it('hangs up on who says nothing for ten seconds, and on no client that is quiet', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const quiet = await TestClient.open(server.port);
    const silent = connect(server.port, '127.0.0.1').resume();
    await once(silent, 'connect');
    // Whoever comes later is accepted later.
    const later = await TestClient.open(server.port);
    const closed = once(silent, 'close');
    vi.advanceTimersByTime(10_000);
    await closed;
    vi.useRealTimers();
    for (const client of [quiet, later]) {
      expect((await client.call('ping')).result.value).toBe('pong');
      await client.drop();
    }
  });

  it('refuses to listen on a port in use', async () => {
    await expect(startTestServer({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
