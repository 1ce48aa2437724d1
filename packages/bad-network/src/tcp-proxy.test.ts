// The TCP proxy between real sockets on loopback.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startTcpProxy, type TcpProxy, type TcpProxyOptions } from './tcp-proxy.ts';
import { closeAll, closed, closeLater, HERE, readBytes, tcpClient, TcpPeer } from './testing/sockets.ts';

afterEach(closeAll);

interface Connected {
  readonly proxy: TcpProxy;
  readonly client: Socket;
  readonly server: Socket;
  readonly target: TcpPeer;
}

async function connected(options: Partial<TcpProxyOptions> = {}): Promise<Connected> {
  const target = await TcpPeer.open();
  const proxy = await startTcpProxy({ listen: HERE, target: target.address, ...options });
  closeLater(() => proxy.close());
  const client = tcpClient(proxy.address);
  const server = await target.arrivals.next();
  return { proxy, client, server, target };
}

/** Numbered bytes, so that a gap or a swap shows. */
function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff));
}

/** How a connection ends: the error's code, or `end`. */
async function ending(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('end', () => resolve('end'));
    socket.resume();
  });
}

describe('a TCP proxy', () => {
  it('carries a stream both ways unharmed over a network that loses, repeats and damages packets', async () => {
    const bad = {
      lossPercent: 5,
      duplicatePercent: 20,
      corruptPercent: 20,
      jitterMs: 5,
      retransmitAfterMs: 5,
    };
    const { proxy, client, server } = await connected({ up: bad, down: bad });
    const bytes = pattern(300_000);
    client.write(bytes);
    server.write(bytes);
    expect((await readBytes(server, bytes.length)).equals(bytes)).toBe(true);
    expect((await readBytes(client, bytes.length)).equals(bytes)).toBe(true);
    expect(proxy.statistics().up.lost).toBeGreaterThan(0);
  });

  it('makes the sender wait for a full queue instead of dropping or hoarding', async () => {
    const { proxy, client, server } = await connected({ up: { rateBps: 40_000_000, queueBytes: 10_000 } });
    const bytes = pattern(600_000);
    let mostHeld = 0;
    server.on('data', () => {
      const { offeredBytes, deliveredBytes } = proxy.statistics().up;
      mostHeld = Math.max(mostHeld, offeredBytes - deliveredBytes);
    });
    client.write(bytes);
    expect((await readBytes(server, bytes.length)).equals(bytes)).toBe(true);
    expect(proxy.statistics().up).toMatchObject({ overflowed: 0, deliveredBytes: 600_000 });
    // The queue, and what one read of the socket brought when there was room.
    expect(mostHeld).toBeLessThanOrEqual(10_000 + 65_536);
  });

  it('passes an end on after everything before it, and leaves the other way open', async () => {
    const { client, server } = await connected({ up: { delayMs: 20 } });
    const ended = once(server, 'end');
    client.end('last words');
    expect((await readBytes(server, 10)).toString()).toBe('last words');
    server.resume();
    await ended;
    server.end('answer to the end');
    expect((await readBytes(client, 17)).toString()).toBe('answer to the end');
    await Promise.all([closed(client), closed(server)]);
  });

  it('passes a reset on', async () => {
    const { client, server } = await connected();
    const ends = ending(server);
    client.resetAndDestroy();
    expect(await ends).toBe('ECONNRESET');
  });

  it('holds everything back while stalled, on new connections as well, and loses nothing', async () => {
    const { proxy, client, server, target } = await connected();
    proxy.stall('up');
    client.write('held back');
    server.write('passes');
    expect((await readBytes(client, 6)).toString()).toBe('passes');
    const second = tcpClient(proxy.address);
    const secondServer = await target.arrivals.next();
    second.write('held, too');
    secondServer.write('passes');
    expect((await readBytes(second, 6)).toString()).toBe('passes');
    expect(server.readableLength + secondServer.readableLength).toBe(0);
    proxy.resume();
    expect((await readBytes(server, 9)).toString()).toBe('held back');
    expect((await readBytes(secondServer, 9)).toString()).toBe('held, too');
  });

  it('delivers after a blackout what was sent during it', async () => {
    const { proxy, client, server } = await connected();
    client.write('before ');
    await readBytes(server, 7);
    // It does not go by before the bytes are there.
    const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
    onTestFinished(() => clock.mockRestore());
    proxy.blackout(30, 'up');
    client.write('during');
    while (proxy.statistics().up.blackedOut === 0) await new Promise(setImmediate);
    clock.mockRestore();
    expect((await readBytes(server, 6)).toString()).toBe('during');
    expect(proxy.statistics().up).toMatchObject({ blackedOut: 1, delivered: 2, lost: 0 });
  });

  it('cuts every connection with a reset, and accepts new ones', async () => {
    const { proxy, client, server, target } = await connected();
    const ends = Promise.all([ending(client), ending(server)]);
    proxy.cut();
    expect(await ends).toEqual(['ECONNRESET', 'ECONNRESET']);
    tcpClient(proxy.address);
    await target.arrivals.next();
  });

  it('goes silent: the other end learns neither of bytes nor of the end', async () => {
    const { proxy, client, server, target } = await connected();
    proxy.silence();
    let heard = '';
    server.on('data', (bytes: Buffer) => (heard += bytes.toString()));
    server.on('end', () => (heard += ' end'));
    server.on('close', () => (heard += ' close'));
    client.end('into the void');
    await once(client, 'finish');
    // A later connection has been through the whole proxy: what was to come before it has come.
    const second = tcpClient(proxy.address);
    const secondServer = await target.arrivals.next();
    second.write('new ones work');
    await readBytes(secondServer, 13);
    expect(heard).toBe('');
    expect(proxy.statistics().connections).toBe(2);
  });

  it('refuses connections while told to, and beyond its bound', async () => {
    const { proxy } = await connected({ maxConnections: 1 });
    expect(await ending(tcpClient(proxy.address))).toBe('ECONNRESET');
    await proxy.close();
    const { proxy: other, target } = await connected();
    other.refuse(true);
    expect(await ending(tcpClient(other.address))).toBe('ECONNRESET');
    expect(other.statistics().refused).toBe(1);
    other.refuse(false);
    tcpClient(other.address);
    await target.arrivals.next();
  });

  it('resets the client when nobody listens at the target', async () => {
    const target = await TcpPeer.open();
    await closeAll();
    const proxy = await startTcpProxy({ listen: HERE, target: target.address });
    closeLater(() => proxy.close());
    expect(await ending(tcpClient(proxy.address))).toBe('ECONNRESET');
  });

  it('ends its connections when it closes, and gives the port back', async () => {
    const { proxy, client, server, target } = await connected({ up: { delayMs: 60_000 } });
    client.write('on its way');
    const ends = Promise.all([ending(client), ending(server)]);
    await proxy.close();
    await proxy.close();
    await ends;
    const again = await startTcpProxy({ listen: proxy.address, target: target.address });
    await again.close();
  });
});
