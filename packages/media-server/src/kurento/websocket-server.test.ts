import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
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

  it('refuses to listen on a port in use', async () => {
    await expect(startTestServer({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
