import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

/** Sends bytes over TCP and gives the status line of what comes back. */
async function statusOf(request: string): Promise<string> {
  const socket = connectTcp(server.port, '127.0.0.1');
  socket.write(request);
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString().split('\r\n')[0];
}

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

describe('the door of the Kurento server', () => {
  it('7: closes other paths with 1002, the query aside', async () => {
    for (const path of ['/', '/kurento/', '/Kurento']) {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`);
      const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
      expect([code, reason.toString()]).toEqual([1002, 'Invalid path']);
    }
    const withQuery = await TestClient.open(server.port, '/kurento?from=test');
    expect((await withQuery.call('ping')).result.value).toBe('pong');
    await withQuery.drop();
  });

  it('8: answers a bare upgrade with 500, as the health check of the original wants', async () => {
    const head = 'GET /kurento HTTP/1.1\r\nHost: x\r\n';
    expect(await statusOf(`${head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)).toMatch(/ 500 /);
    expect(await statusOf(`${head}\r\n`)).toMatch(/ 426 /);
  });

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

  it('lets in who has the token, by header or query, and nobody else', async () => {
    const guarded = await startTestServer({ token: 'open-sesame' });
    const url = `ws://127.0.0.1:${guarded.port}/kurento`;
    expect(await outcome(url, { Authorization: 'Bearer open-sesame' })).toBe('open');
    expect(await outcome(`${url}?token=open-sesame`)).toBe('open');
    expect(await outcome(url)).toBe('401');
    expect(await outcome(`${url}?token=open-sesam`)).toBe('401');
    expect(await outcome(url, { Authorization: 'Bearer open-sesame2' })).toBe('401');
    await guarded.close();
  });

  it('refuses to listen on a port in use', async () => {
    await expect(startTestServer({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
