// The server on real sockets on loopback: relaying over each transport, and what it refuses to relay to.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { connect as connectTls } from 'node:tls';
import {
  TURN_ATTRIBUTE,
  TURN_METHOD,
  addressFamilyAttribute,
  buildChannelData,
  channelNumberAttribute,
} from '@parley/rtc';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { REALM, SECRET, peer, rawIpv6Peer } from '../testing/request-writer.ts';
import { SocketClient, connected } from '../testing/socket-client.ts';
import { TEST_CERT, TEST_KEY } from '../testing/tls-identity.fixture.ts';
import type { TurnEvent } from '../turn-event.ts';
import { startTurnServer, type RunningTurnServer, type TurnServerOptions } from './turn-server.ts';

const HOST = '127.0.0.1';
const ANY = { host: HOST, port: 0 };
/** For tests that ask until the server has noticed something. */
const UNLIMITED = { perSecond: 1e6, burst: 1e6 };
const CHANNEL = channelNumberAttribute(0x4000);
const HAS_IPV6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);
const closing: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A peer that sends back what it gets, with "echo " before it, and keeps what it got. */
async function echoPeer(host = HOST): Promise<{ port: number; got: Buffer[] }> {
  const socket: Socket = createSocket(host === HOST ? 'udp4' : 'udp6');
  const got: Buffer[] = [];
  socket.on('message', (bytes, from) => {
    got.push(bytes);
    socket.send(Buffer.concat([Buffer.from('echo '), bytes]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, host, resolve));
  closing.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return { port: socket.address().port, got };
}

async function started(mediaPort: number, more: Partial<TurnServerOptions> = {}): Promise<RunningTurnServer> {
  const server = await startTurnServer({
    udp: ANY,
    tcp: ANY,
    tls: { ...ANY, cert: TEST_CERT, key: TEST_KEY },
    relayAddress: HOST,
    permittedPeers: [{ address: HOST, port: mediaPort }],
    secret: SECRET,
    realm: REALM,
    log: pino({ level: 'silent' }),
    ...more,
  });
  closing.push(() => server.close());
  return server;
}

async function client(
  transport: 'udp' | 'tcp' | 'tls',
  server: RunningTurnServer,
  participant = 'ann',
): Promise<SocketClient> {
  const port = { udp: server.udpPort, tcp: server.tcpPort, tls: server.tlsPort }[transport]!;
  const opened = await SocketClient.open(transport, port, participant);
  closing.push(() => opened.close());
  return opened;
}

describe.each(['udp', 'tcp', 'tls'] as const)('a client over %s', (transport) => {
  it('reaches the media server and hears from it', async () => {
    const media = await echoPeer();
    const server = await started(media.port);
    const ann = await client(transport, server);
    expect(await ann.allocate()).toBe('success');
    expect(await ann.outcome(TURN_METHOD.CHANNEL_BIND, CHANNEL, peer(HOST, media.port))).toBe('success');
    for (const length of [0, 1, 2, 3, 1200]) {
      const data = Buffer.alloc(length, 'x');
      ann.write(buildChannelData(0x4000, data, transport !== 'udp'));
      expect(await ann.data()).toEqual(Buffer.concat([Buffer.from('echo '), data]));
    }
    expect(server.allocations()).toMatchObject([
      {
        participant: 'ann',
        transport,
        peers: [{ address: HOST, port: media.port }],
        bytesUp: 1206,
        bytesDown: 1231,
      },
    ]);
    const [{ since, expiresAt }] = server.allocations();
    expect(expiresAt - since).toBeCloseTo(600_000, -1);
  });

  it('reaches nobody else', async () => {
    const media = await echoPeer();
    const other = await echoPeer();
    const server = await started(media.port);
    const ann = await client(transport, server);
    await ann.allocate();
    expect(await ann.outcome(TURN_METHOD.CREATE_PERMISSION, peer(HOST, media.port))).toBe('success');
    expect(await ann.outcome(TURN_METHOD.CHANNEL_BIND, CHANNEL, peer(HOST, other.port))).toBe(403);
    ann.write(ann.writer.send({ address: HOST, port: other.port }, Buffer.from('secret')));
    ann.write(ann.writer.send({ address: HOST, port: media.port }, Buffer.from('hello')));
    expect(await ann.outcome(TURN_METHOD.CHANNEL_BIND, CHANNEL, peer(HOST, media.port))).toBe('success');
    // Once the peer answers this, whatever was sent before has gone out or never will.
    ann.write(buildChannelData(0x4000, Buffer.from('last'), transport !== 'udp'));
    while ((await ann.data()).toString() !== 'echo last') continue;
    expect(media.got.map(String)).toEqual(['hello', 'last']);
    expect(other.got).toEqual([]);
  });
});

describe('whom the server relays to, tried for real', () => {
  const forbidden: [string, (port: number) => ReturnType<typeof peer>][] = [
    ['another loopback address', (port) => peer('127.0.0.2', port)],
    ['0.0.0.0', (port) => peer('0.0.0.0', port)],
    ['broadcast', (port) => peer('255.255.255.255', port)],
    ['multicast', (port) => peer('224.0.0.1', port)],
    ['10/8', (port) => peer('10.0.0.1', port)],
    ['172.16/12', (port) => peer('172.16.0.1', port)],
    ['192.168/16', (port) => peer('192.168.0.1', port)],
    ['carrier NAT', (port) => peer('100.64.0.1', port)],
    ['link-local', (port) => peer('169.254.1.1', port)],
    ['the metadata service', (port) => peer('169.254.169.254', port)],
    ['a public address', (port) => peer('203.0.113.5', port)],
    ['::', (port) => rawIpv6Peer('00000000000000000000000000000000', port)],
    ['::1', (port) => rawIpv6Peer('00000000000000000000000000000001', port)],
    ['link-local IPv6', (port) => rawIpv6Peer('fe800000000000000000000000000001', port)],
    ['unique local IPv6', (port) => rawIpv6Peer('fd000000000000000000000000000001', port)],
    ['the metadata service by IPv6', (port) => rawIpv6Peer('fd000ec2000000000000000000000254', port)],
    ['mapped loopback', (port) => rawIpv6Peer('00000000000000000000ffff7f000002', port)],
    ['mapped metadata', (port) => rawIpv6Peer('00000000000000000000ffffa9fea9fe', port)],
    ['compatible loopback', (port) => rawIpv6Peer('0000000000000000000000007f000002', port)],
    ['translated metadata', (port) => rawIpv6Peer('0000000000000000ffff0000a9fea9fe', port)],
    ['metadata behind NAT64', (port) => rawIpv6Peer('0064ff9b0000000000000000a9fea9fe', port)],
    ['metadata behind 6to4', (port) => rawIpv6Peer('2002a9fea9fe00000000000000000001', port)],
    ['metadata behind Teredo', (port) => rawIpv6Peer('20010000000000000000000056015601', port)],
  ];

  it('is the media server: every other address gets 403', async () => {
    const media = await echoPeer();
    const ann = await client('udp', await started(media.port));
    await ann.allocate();
    for (const [name, address] of forbidden) {
      for (const method of [TURN_METHOD.CREATE_PERMISSION, TURN_METHOD.CHANNEL_BIND])
        expect([name, await ann.outcome(method, CHANNEL, address(media.port))]).toEqual([name, 403]);
    }
    expect(media.got).toEqual([]);
  });

  it('is not the TURN server itself, nor the relay of another client', async () => {
    const media = await echoPeer();
    const server = await started(media.port);
    const bob = await client('udp', server, 'bob');
    await bob.allocate();
    const ann = await client('udp', server);
    await ann.allocate();
    const [{ relayed }] = server.allocations();
    for (const port of [server.udpPort!, server.tcpPort!, relayed!.port])
      expect(await ann.outcome(TURN_METHOD.CHANNEL_BIND, CHANNEL, peer(HOST, port))).toBe(403);
  });

  it('is not the media server dressed up as IPv6 either', async () => {
    const media = await echoPeer();
    const ann = await client('udp', await started(media.port));
    await ann.allocate();
    const mapped = rawIpv6Peer('00000000000000000000ffff7f000001', media.port);
    expect(await ann.outcome(TURN_METHOD.CHANNEL_BIND, CHANNEL, mapped)).toBe(443);
  });

  it('follows the media server to its new port', async () => {
    const [before, after] = [await echoPeer(), await echoPeer()];
    const server = await started(before.port);
    const ann = await client('udp', server);
    await ann.allocate();
    await ann.outcome(TURN_METHOD.CHANNEL_BIND, CHANNEL, peer(HOST, before.port));
    server.permitPeers([{ address: HOST, port: after.port }]);
    ann.write(buildChannelData(0x4000, Buffer.from('late'), false));
    const next = channelNumberAttribute(0x4001);
    expect(await ann.outcome(TURN_METHOD.CHANNEL_BIND, next, peer(HOST, after.port))).toBe('success');
    ann.write(buildChannelData(0x4001, Buffer.from('new'), false));
    expect(String(await ann.data())).toBe('echo new');
    expect(before.got).toEqual([]);
  });
});

describe('the TURN server', () => {
  it('releases the allocation of a client that hangs up', async () => {
    const media = await echoPeer();
    const server = await started(media.port, {
      quotas: { allocationsPerParticipant: 1, unauthenticatedAnswers: UNLIMITED },
    });
    for (const transport of ['tcp', 'tls', 'tcp'] as const) {
      const ann = await client(transport, server);
      expect(await ann.allocate()).toBe('success');
      const second = await client('udp', server);
      expect(await second.allocate()).toBe(486);
      ann.close();
      while ((await second.allocate()) !== 'success') continue;
      expect(await second.outcome(TURN_METHOD.REFRESH, lifetimeZero())).toBe('success');
    }
    expect(server.allocations()).toEqual([]);
  });

  it('takes relay ports from its range and answers 508 when none is left', async () => {
    const media = await echoPeer();
    const free = await freePort();
    const server = await started(media.port, {
      relayPorts: { min: free, max: free },
      quotas: { unauthenticatedAnswers: UNLIMITED },
    });
    const ann = await client('udp', server);
    await ann.allocate();
    expect(server.allocations()[0].relayed).toEqual({ address: HOST, port: free });
    expect(await (await client('udp', server, 'bob')).allocate()).toBe(508);
    expect(await ann.outcome(TURN_METHOD.REFRESH, lifetimeZero())).toBe('success');
    const cid = await client('udp', server, 'cid');
    while ((await cid.allocate()) !== 'success') continue;
  });

  it('listens on several hosts with one port', async () => {
    const media = await echoPeer();
    const hosts = HAS_IPV6 ? ['127.0.0.1', '::1'] : ['127.0.0.1', '127.0.0.2'];
    const server = await started(media.port, {
      udp: { host: hosts, port: 0 },
      tcp: { host: hosts, port: 0 },
    });
    expect(await (await client('udp', server)).allocate()).toBe('success');
    expect(await (await client('tcp', server)).allocate()).toBe('success');
  });

  it.runIf(HAS_IPV6)('relays to an IPv6 media server for a client that comes over IPv4', async () => {
    const media = await echoPeer('::1');
    const permittedPeers = [{ address: '::1', port: media.port }];
    const server = await started(media.port, { relayAddress: [HOST, '::1'], permittedPeers });
    const ann = await client('udp', server);
    await ann.allocate();
    expect(await ann.outcome(TURN_METHOD.CHANNEL_BIND, CHANNEL, peer('::1', media.port))).toBe(443);
    await ann.outcome(TURN_METHOD.REFRESH, lifetimeZero());
    expect(await ann.allocate(addressFamilyAttribute(TURN_ATTRIBUTE.REQUESTED_ADDRESS_FAMILY, 'ipv6'))).toBe(
      'success',
    );
    expect(await ann.outcome(TURN_METHOD.CHANNEL_BIND, CHANNEL, peer('::1', media.port))).toBe('success');
    ann.write(buildChannelData(0x4000, Buffer.from('six'), false));
    expect(String(await ann.data())).toBe('echo six');
  });

  it('leaves nothing open when it cannot start', async () => {
    const media = await echoPeer();
    const first = await started(media.port);
    const port = first.tcpPort!;
    await expect(started(media.port, { tcp: { host: HOST, port } })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await expect(started(media.port, { tls: { ...ANY, cert: 'none', key: TEST_KEY } })).rejects.toThrow();
  });

  it.each([
    ['no secret', { secret: '' }],
    ['no realm', { realm: '' }],
    ['a relay address that is a name', { relayAddress: 'localhost' }],
    ['a relay address that is none', { relayAddress: '0.0.0.0' }],
    ['two relay addresses of one family', { relayAddress: ['127.0.0.1', '127.0.0.2'] }],
    ['a peer that is no address', { permittedPeers: [{ address: 'localhost', port: 1 }] }],
  ])('refuses to start with %s', async (_what, options) => {
    await expect(started(1, options)).rejects.toThrow(/./);
  });

  it('closes twice, with clients on it', async () => {
    const media = await echoPeer();
    const server = await started(media.port);
    const clients = await Promise.all([client('tcp', server), client('tls', server)]);
    for (const ann of clients) await ann.allocate();
    await Promise.all([server.close(), server.close()]);
    for (const ann of clients) await ann.ended;
  });
});

describe('a media server behind address translation', () => {
  it('is known by its public address and reached at its own, both ways', async () => {
    const media = await echoPeer();
    const behind = { address: '203.0.113.5', port: media.port, reachedAt: HOST };
    const server = await started(1, {
      permittedPeers: [behind],
      relayAddress: [{ address: HOST, told: '203.0.113.5' }],
    });
    const ann = await client('udp', server);
    await ann.allocate();
    expect(server.allocations()[0].relayed?.address).toBe('203.0.113.5');
    expect(await ann.outcome(TURN_METHOD.CHANNEL_BIND, CHANNEL, peer('203.0.113.5', media.port))).toBe(
      'success',
    );
    ann.write(buildChannelData(0x4000, Buffer.from('in'), false));
    expect(String(await ann.data())).toBe('echo in');
  });

  it('is not known by its own address: what is not told to browsers is nobody’s business', async () => {
    const media = await echoPeer();
    const behind = { address: '203.0.113.5', port: media.port, reachedAt: HOST };
    const ann = await client('udp', await started(1, { permittedPeers: [behind] }));
    await ann.allocate();
    for (const method of [TURN_METHOD.CREATE_PERMISSION, TURN_METHOD.CHANNEL_BIND])
      expect(await ann.outcome(method, CHANNEL, peer(HOST, media.port))).toBe(403);
  });

  it('cannot be two: nobody could tell their answers apart', async () => {
    const peers = ['203.0.113.5', '203.0.113.6'].map((address) => ({ address, port: 9, reachedAt: HOST }));
    await expect(started(1, { permittedPeers: peers })).rejects.toThrow(RangeError);
    const own = [peers[0], { address: '::ffff:127.0.0.1', port: 9 }];
    await expect(started(1, { permittedPeers: own })).rejects.toThrow(RangeError);
  });
});

describe('who follows the server', () => {
  it('is told of allocations, permissions and refusals, each once, without secrets', async () => {
    const media = await echoPeer();
    const events: TurnEvent[] = [];
    const server = await started(media.port, { onEvent: (event) => events.push(event) });
    const ann = await client('tcp', server);
    await ann.allocate();
    await ann.outcome(TURN_METHOD.CREATE_PERMISSION, peer('127.0.0.2', 9));
    for (let i = 0; i < 2; i++) {
      await ann.outcome(TURN_METHOD.CREATE_PERMISSION, peer(HOST, media.port));
      await ann.outcome(TURN_METHOD.CHANNEL_BIND, CHANNEL, peer(HOST, media.port));
    }
    await ann.outcome(TURN_METHOD.REFRESH, lifetimeZero());
    expect(events.map(({ kind, reason, peer: who }) => [kind, reason ?? who])).toEqual([
      ['allocated', undefined],
      ['refused-peer', '403 Forbidden'],
      ['permission', HOST],
      ['closed', 'released'],
    ]);
    const relayedAddress = events[0]?.relayedAddress;
    expect(relayedAddress).toMatch(/^127\.0\.0\.1:\d+$/);
    for (const event of events) {
      expect(event).toMatchObject({ participant: 'ann', protocol: 'tcp' });
      expect(Math.abs(event.at - Date.now())).toBeLessThan(10_000);
      expect(JSON.stringify(event)).not.toContain(ann.writer.password);
    }
    expect(events[1]).toMatchObject({ peer: '127.0.0.2:9' });
    expect(events[3]).toMatchObject({ relayedAddress });
  });

  it('is not kept busy by a participant who is refused again and again, and hears of others all the same', async () => {
    const events: TurnEvent[] = [];
    const quotas = { eventsPerParticipant: { perSecond: 0, burst: 3 } };
    const server = await started(1, { quotas, onEvent: (event) => events.push(event) });
    const [ann, bob] = [await client('tcp', server), await client('tcp', server, 'bob')];
    await ann.allocate();
    for (let i = 0; i < 5; i++) await ann.outcome(TURN_METHOD.CREATE_PERMISSION, peer('127.0.0.2', 9));
    await bob.allocate();
    expect(events.map(({ participant, kind }) => [participant, kind])).toEqual([
      ['ann', 'allocated'],
      ['ann', 'refused-peer'],
      ['ann', 'refused-peer'],
      ['bob', 'allocated'],
    ]);
  });

  it('hears whose credentials have expired, and of wrong ones only that they are', async () => {
    const events: TurnEvent[] = [];
    const server = await started(1, { onEvent: (event) => events.push(event) });
    const ann = await client('udp', server);
    ann.writer.renew({ participant: 'ann', wallNow: Date.now() - 60_000, lifetimeSeconds: 1 });
    expect(await ann.allocate()).toBe(401);
    ann.writer.renew({ participant: 'ann', wallNow: Date.now(), secret: 'another' });
    expect(await ann.allocate()).toBe(401);
    expect(events).toMatchObject([
      { kind: 'refused', participant: 'ann', reason: '401 expired credentials' },
      { kind: 'refused', participant: undefined, reason: '401 wrong credentials' },
    ]);
  });
});

it('takes another certificate while it runs, and stays with the former when that is of no use', async () => {
  const server = await started(1);
  expect(() => server.setSecureContext({ cert: 'none', key: TEST_KEY })).toThrow(/./);
  expect(await (await client('tls', server)).allocate()).toBe('success');
  server.setSecureContext({ cert: TEST_CERT, key: TEST_KEY, minVersion: 'TLSv1.3' });
  const old = connectTls({
    host: HOST,
    port: server.tlsPort!,
    rejectUnauthorized: false,
    maxVersion: 'TLSv1.2',
  });
  await expect(once(old, 'secureConnect')).rejects.toThrow(/./);
  expect(await (await client('tls', server, 'bob')).allocate()).toBe('success');
});

describe('TCP and TLS connections', () => {
  const withLimits = (limits: TurnServerOptions['limits']) => started(1, { limits });

  // Time stands still until everything is as it should be when it is up.
  const holdTime = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  afterEach(() => void vi.useRealTimers());

  /** Lets time pass, for a server that may not have seen the connection yet. */
  async function untilEnded(ended: Promise<unknown>): Promise<void> {
    let over = false;
    void ended.then(() => (over = true));
    while (!over) await vi.advanceTimersByTimeAsync(50);
  }

  it.each(['tcp', 'tls'] as const)('over %s are cut off when they ask for nothing', async (transport) => {
    holdTime();
    const idle = await client(transport, await withLimits({ strangerMs: 50 }));
    await untilEnded(idle.ended);
  });

  it('are cut off in a TLS handshake that does not go on', async () => {
    holdTime();
    const server = await withLimits({ strangerMs: 50 });
    const socket = await connected('tcp', server.tlsPort!);
    await untilEnded(new Promise((resolve) => socket.once('close', resolve)));
  });

  it.each(['tcp', 'tls'] as const)(
    'over %s are cut off in a message that does not end',
    async (transport) => {
      holdTime();
      const slow = await client(transport, await withLimits({ messageMs: 50 }));
      await slow.allocate();
      slow.write(Buffer.from('4000', 'hex'));
      await untilEnded(slow.ended);
    },
  );

  it('are cut off when they speak something else, without an answer', async () => {
    const server = await started(1);
    const socket = await connected('tcp', server.tcpPort!);
    const got: Buffer[] = [];
    socket.on('data', (bytes) => got.push(bytes));
    socket.write('GET / HTTP/1.1\r\nhost: example\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(got).toEqual([]);
  });

  it('are cut off when their allocation was released and they stay', async () => {
    holdTime();
    const ann = await client('tcp', await withLimits({ strangerMs: 50 }));
    await ann.allocate();
    expect(await ann.outcome(TURN_METHOD.REFRESH, lifetimeZero())).toBe('success');
    await untilEnded(ann.ended);
  });

  it.each(['tcp', 'tls'] as const)('over %s are limited, strangers more than others', async (transport) => {
    const server = await withLimits({ strangers: 1, connectionsPerAddress: 2 });
    const ann = await client(transport, server);
    expect(await ann.allocate()).toBe('success');
    const bob = await client(transport, server);
    const port = transport === 'tcp' ? server.tcpPort! : server.tlsPort!;
    const refused = async () => {
      const socket = await connected('tcp', port);
      socket.on('error', () => socket.destroy());
      await new Promise((resolve) => socket.once('close', resolve));
    };
    await refused();
    expect(await bob.allocate()).toBe('success');
    await refused();
    expect(await ann.outcome(TURN_METHOD.REFRESH)).toBe('success');
    bob.close();
    const enters = async () => {
      const cid = await client(transport, server, 'cid').catch(() => undefined);
      return cid !== undefined && (await Promise.race([cid.allocate(), cid.ended])) === 'success';
    };
    while (!(await enters())) continue;
  });
});

function lifetimeZero() {
  return { type: TURN_ATTRIBUTE.LIFETIME, value: Buffer.alloc(4) };
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
