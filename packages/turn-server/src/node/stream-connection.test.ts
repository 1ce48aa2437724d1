import { createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { connected } from '../testing/socket-client.ts';
import { DEFAULT_STREAM_LIMITS, StreamConnection } from './stream-connection.ts';

const LIMIT = 100_000;
const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

/** A connection whose client reads nothing, and the server's socket under it. */
async function unread(): Promise<{ connection: StreamConnection; socket: Socket; gone: () => number }> {
  let gone = 0;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = await connected('tcp', address.port);
  client.pause();
  client.on('error', () => client.destroy());
  const socket = await accepted;
  const connection = new StreamConnection(
    socket,
    {
      transport: 'tcp',
      clientAddress: '127.0.0.1',
      clientPort: 1,
      serverAddress: '127.0.0.1',
      serverPort: 2,
    },
    { ...DEFAULT_STREAM_LIMITS, bufferedBytes: LIMIT },
    { onMessage: () => undefined, onGone: () => gone++, hasAllocation: () => true },
    pino({ level: 'silent' }),
  );
  closing.push(() => {
    connection.close();
    client.destroy();
    server.close();
  });
  return { connection, socket, gone: () => gone };
}

describe('a client that does not read', () => {
  it('has data of its peers dropped above the limit, and stays', async () => {
    const { connection, socket, gone } = await unread();
    const data = Buffer.alloc(1200);
    for (let i = 0; i < 20_000; i++) connection.send(data, true);
    expect(socket.writableLength).toBeGreaterThan(LIMIT - 1200);
    expect(socket.writableLength).toBeLessThanOrEqual(LIMIT);
    expect(gone()).toBe(0);
  });

  it('is cut off when answers pile up, and that is told once', async () => {
    const { connection, socket, gone } = await unread();
    const answer = Buffer.alloc(100);
    for (let i = 0; i < 200_000 && !socket.destroyed; i++) connection.send(answer, false);
    expect(socket.destroyed).toBe(true);
    connection.close();
    expect(gone()).toBe(1);
  });
});
