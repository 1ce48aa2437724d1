// The UDP proxy between real sockets on loopback.
import { afterEach, describe, expect, it } from 'vitest';
import type { Address } from './direction.ts';
import { packetKind } from './packet-kind.ts';
import { closeAll, closeLater, HERE, Inbox, UdpPeer } from './testing/sockets.ts';
import { startUdpProxy, type UdpProxy, type UdpProxyOptions } from './udp-proxy.ts';

afterEach(closeAll);

async function start(target: Address, options: Partial<UdpProxyOptions> = {}): Promise<UdpProxy> {
  const proxy = await startUdpProxy({ listen: HERE, target, ...options });
  closeLater(() => proxy.close());
  return proxy;
}

/** A filter's way to see each packet come: resolves for each one, and lets all pass. */
function watch(): { filter: UdpProxyOptions['filter']; seen: Inbox<string> } {
  const seen = new Inbox<string>();
  const filter = (bytes: Buffer, direction: string): boolean => {
    seen.add(`${direction} ${bytes.toString()}`);
    return true;
  };
  return { filter, seen };
}

describe('a UDP proxy', () => {
  it('carries packets there and back', async () => {
    const target = (await UdpPeer.open()).echo();
    const client = await UdpPeer.open();
    const proxy = await start(target.address, {
      up: { delayMs: 3 },
      down: { delayMs: 3, rateBps: 1_000_000 },
    });
    for (const text of ['one', 'two', 'three']) client.send(text, proxy.address);
    const answers = await client.inbox.take(3);
    expect(answers.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    expect(answers[0]?.from).toEqual(proxy.address);
    expect(proxy.statistics()).toMatchObject({ clients: 1, up: { delivered: 3 }, down: { delivered: 3 } });
  });

  it('shows every client to the target as a source of its own, and brings each its own answers', async () => {
    const target = await UdpPeer.open();
    const [a, b] = [await UdpPeer.open(), await UdpPeer.open()];
    const proxy = await start(target.address);
    a.send('a', proxy.address);
    const fromA = await target.inbox.next();
    b.send('b', proxy.address);
    const fromB = await target.inbox.next();
    a.send('a again', proxy.address);
    expect((await target.inbox.next()).from).toEqual(fromA.from);
    expect(fromB.from.port).not.toBe(fromA.from.port);
    target.send('to b', fromB.from);
    target.send('to a', fromA.from);
    expect((await a.inbox.next()).text).toBe('to a');
    expect((await b.inbox.next()).text).toBe('to b');
  });

  it('lets nobody but the target speak to the client', async () => {
    const target = await UdpPeer.open();
    const stranger = await UdpPeer.open();
    const client = await UdpPeer.open();
    const proxy = await start(target.address);
    client.send('hello', proxy.address);
    const { from } = await target.inbox.next();
    stranger.send('from a stranger', { host: '127.0.0.1', port: from.port });
    target.send('from the target', from);
    expect((await client.inbox.next()).text).toBe('from the target');
    expect(proxy.statistics().down.offered).toBe(1);
  });

  it('loses the same packets again with the same seed, and others with another one', async () => {
    const target = await UdpPeer.open();
    const run = async (seed: number): Promise<string[]> => {
      const client = await UdpPeer.open();
      const { filter, seen } = watch();
      const proxy = await start(target.address, { up: { lossPercent: 40 }, seed, filter });
      for (let number = 0; number < 40; number++) {
        client.send(`packet ${number}`, proxy.address);
        await seen.next();
      }
      const arrived = await target.inbox.take(40 - proxy.statistics().up.lost);
      return arrived.map(({ text }) => text);
    };
    const first = await run(5);
    expect(first.length).toBeLessThan(40);
    expect(await run(5)).toEqual(first);
    expect(await run(6)).not.toEqual(first);
  });

  it('cuts one way only, and heals, at run time', async () => {
    const target = (await UdpPeer.open()).echo();
    const client = await UdpPeer.open();
    const { filter, seen } = watch();
    const proxy = await start(target.address, { filter });
    proxy.setDown({ lossPercent: 100 });
    client.send('heard, not answered', proxy.address);
    expect(await seen.take(2)).toEqual(['up heard, not answered', 'down heard, not answered']);
    proxy.setDown({});
    proxy.setUp({ duplicatePercent: 100 });
    client.send('twice', proxy.address);
    const answers = await client.inbox.take(2);
    expect(answers.map(({ text }) => text)).toEqual(['twice', 'twice']);
    expect(() => proxy.setUp({ lossPercent: -1 })).toThrow(RangeError);
  });

  it('filters by what a packet is: media may be cut while ICE goes on', async () => {
    const target = await UdpPeer.open();
    const client = await UdpPeer.open();
    const filter = (bytes: Buffer): boolean => packetKind(bytes) !== 'rtp';
    const proxy = await start(target.address, { filter });
    client.send(Buffer.of(0x80, 96), proxy.address);
    client.send('\x00\x01 stun', proxy.address);
    expect((await target.inbox.next()).text).toBe('\x00\x01 stun');
    expect(proxy.statistics().filtered).toBe(1);
    proxy.setFilter(undefined);
    client.send(Buffer.of(0x80, 96), proxy.address);
    expect((await target.inbox.next()).text).toHaveLength(2);
  });

  it('is dark in one direction during a blackout, for clients that come during it as well', async () => {
    const target = (await UdpPeer.open()).echo();
    const [early, late] = [await UdpPeer.open(), await UdpPeer.open()];
    const { filter, seen } = watch();
    const proxy = await start(target.address, { filter });
    early.send('before', proxy.address);
    expect((await early.inbox.next()).text).toBe('before');
    await seen.take(2);
    proxy.blackout(1e6, 'down');
    for (const client of [early, late]) client.send('during', proxy.address);
    expect(await seen.take(4)).toEqual(expect.arrayContaining(['up during', 'down during']));
    expect(proxy.statistics()).toMatchObject({
      up: { blackedOut: 0, delivered: 3 },
      down: { blackedOut: 2, delivered: 1 },
    });
  });

  it('rebinds: the target sees a new source, and answers to the former one are lost', async () => {
    const target = await UdpPeer.open();
    const client = await UdpPeer.open();
    const proxy = await start(target.address);
    client.send('from Wi-Fi', proxy.address);
    const before = (await target.inbox.next()).from;
    const [source] = await proxy.rebind('127.0.0.2');
    client.send('from 4G', proxy.address);
    const after = (await target.inbox.next()).from;
    expect(after).toEqual(source);
    expect(after.host).toBe('127.0.0.2');
    expect(after.port === before.port && after.host === before.host).toBe(false);
    target.send('to Wi-Fi', before);
    target.send('to 4G', after);
    expect((await client.inbox.next()).text).toBe('to 4G');
    const newcomer = await UdpPeer.open();
    newcomer.send('came later', proxy.address);
    expect((await target.inbox.next()).from.host).toBe('127.0.0.2');
  });

  it('keeps the former source when the new one is not of this machine', async () => {
    const target = (await UdpPeer.open()).echo();
    const client = await UdpPeer.open();
    const proxy = await start(target.address);
    client.send('before', proxy.address);
    await client.inbox.next();
    await expect(proxy.rebind('192.0.2.1')).rejects.toThrow('EADDRNOTAVAIL');
    client.send('after', proxy.address);
    expect((await client.inbox.next()).text).toBe('after');
  });

  it('bounds the clients', async () => {
    const target = (await UdpPeer.open()).echo();
    const [first, second] = [await UdpPeer.open(), await UdpPeer.open()];
    const proxy = await start(target.address, { maxClients: 1 });
    first.send('in', proxy.address);
    await first.inbox.next();
    second.send('too many', proxy.address);
    first.send('still in', proxy.address);
    expect((await first.inbox.next()).text).toBe('still in');
    expect(proxy.statistics()).toMatchObject({ clients: 1, refused: 1, up: { delivered: 2 } });
  });

  it('forgets idle clients, keeps their counts, and has room for others then', async () => {
    const target = await UdpPeer.open();
    const [first, second] = [await UdpPeer.open(), await UdpPeer.open()];
    const events = new Inbox<string>();
    const proxy = await start(target.address, {
      maxClients: 1,
      idleMs: 40,
      onClient: (event, { port }) => events.add(`${event} ${port}`),
    });
    first.send('in', proxy.address);
    expect(await events.take(2)).toEqual([`came ${first.address.port}`, `forgotten ${first.address.port}`]);
    expect(proxy.statistics()).toMatchObject({ clients: 0, refused: 0, up: { delivered: 1 } });
    second.send('room now', proxy.address);
    expect(await events.next()).toBe(`came ${second.address.port}`);
  });

  it('drops what is on its way when it closes, and gives the port back', async () => {
    const target = await UdpPeer.open();
    const client = await UdpPeer.open();
    const { filter, seen } = watch();
    const proxy = await start(target.address, { up: { delayMs: 60_000 }, filter });
    client.send('never', proxy.address);
    await seen.next();
    await proxy.close();
    await proxy.close();
    await start(target.address, { listen: proxy.address });
  });

  it('refuses a senseless profile and an address in use', async () => {
    const target = await UdpPeer.open();
    await expect(start(target.address, { up: { rateBps: -1 } })).rejects.toThrow(RangeError);
    await expect(start(target.address, { listen: target.address })).rejects.toThrow('EADDRINUSE');
  });
});
