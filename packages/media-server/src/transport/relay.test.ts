// A relay against a TURN server that is a socket of the test: who is heard through it, and how it ends.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  buildStun,
  ICE_MAX_SOURCES,
  parseStun,
  STUN_METHOD_BINDING,
  TURN_ATTRIBUTE,
  TURN_METHOD,
  uint32Attribute,
  xorAddressAttribute,
  type StunAttribute,
  type StunMessage,
} from '@parley/rtc';
import type { Path } from './path.ts';
import { Relay } from './relay.ts';

const PEER = { address: '203.0.113.5', port: 4_000 };
const RELAYED = { address: '198.51.100.1', port: 50_000 };
const CHECK = buildStun({
  messageClass: 'request',
  method: STUN_METHOD_BINDING,
  transactionId: Buffer.alloc(12, 1),
});
const MEDIA = Buffer.concat([Buffer.from([0x80, 96]), Buffer.alloc(10), Buffer.from('picture')]);

let server: Socket;
/** Requests and indications of the relay, by method; and who waits for one. */
let got: { message: StunMessage; port: number }[];
let wake: (() => void) | undefined;
let packets: { kind: string; path: Path }[];
let isAuthentic: boolean;
let closed: Path[];
let lost: string[];
let relay: Relay;

beforeEach(async () => {
  [got, packets, isAuthentic, closed, lost] = [[], [], true, [], []];
  server = createSocket('udp4');
  server.on('message', (bytes, { port }) => {
    got.push({ message: parseStun(bytes)!, port });
    wake?.();
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  relay = new Relay({
    log: pino({ level: 'silent' }),
    onPacket: (kind, _bytes, path) => {
      packets.push({ kind, path });
      wake?.();
      return kind === 'stun' && isAuthentic;
    },
    onPathClosed: (path) => {
      closed.push(path);
    },
    onLost: (candidate) => {
      lost.push(candidate);
      wake?.();
    },
  });
});
afterEach(() => {
  relay.close();
  server.close();
});

async function until<Found>(find: () => Found | undefined): Promise<Found> {
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}

function message(method: number): Promise<{ message: StunMessage; port: number }> {
  return until(() => got.find((each) => each.message.method === method));
}

function send(
  method: number,
  messageClass: 'success' | 'indication',
  to: { message: StunMessage; port: number },
  attributes: (transactionId: Buffer) => StunAttribute[],
): void {
  const { transactionId } = to.message;
  const bytes = buildStun({ messageClass, method, transactionId, attributes: attributes(transactionId) });
  server.send(bytes, to.port, '127.0.0.1');
}

function open(): Promise<string | undefined> {
  const { port } = server.address();
  return relay.candidate({
    host: '127.0.0.1',
    port,
    transport: 'udp',
    username: 'ann',
    password: 'secret',
  });
}

/** Gives where the relay's socket is. */
async function opened() {
  const candidate = open();
  const request = await message(TURN_METHOD.ALLOCATE);
  send(TURN_METHOD.ALLOCATE, 'success', request, (id) => [
    xorAddressAttribute(TURN_ATTRIBUTE.XOR_RELAYED_ADDRESS, RELAYED, id),
    uint32Attribute(TURN_ATTRIBUTE.LIFETIME, 600),
  ]);
  expect(await candidate).toMatch(/ udp 16777215 198\.51\.100\.1 50000 typ relay raddr 0\.0\.0\.0 rport 9$/);
  const data = (bytes: Buffer, from = PEER): void =>
    send(TURN_METHOD.DATA, 'indication', request, (id) => [
      xorAddressAttribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS, from, id),
      { type: TURN_ATTRIBUTE.DATA, value: bytes },
    ]);
  return { data, port: request.port };
}

describe('a relay of this side', () => {
  it('is opened once, and lets through the addresses of candidates that have one', async () => {
    relay.permit('candidate:1 1 udp 1 f00.local 4000 typ host');
    relay.permit(`candidate:1 1 udp 1 ${PEER.address} 4000 typ host`);
    await opened();
    expect(await open()).toContain('typ relay');
    await message(TURN_METHOD.CREATE_PERMISSION);
    relay.permit('candidate:1 1 udp 1 203.0.113.6 4000 typ srflx');
    await until(() => (got.length >= 3 ? true : undefined));
    const methods = got.map(({ message: { method } }) => method);
    expect(methods).toEqual([
      TURN_METHOD.ALLOCATE,
      TURN_METHOD.CREATE_PERMISSION,
      TURN_METHOD.CREATE_PERMISSION,
    ]);
  });

  it('hands on checks, and from where one has passed everything else; answers go back the same way', async () => {
    const { data } = await opened();
    data(MEDIA);
    isAuthentic = false;
    data(CHECK);
    await until(() => packets[0]);
    data(MEDIA);
    data(CHECK);
    await until(() => packets[1]);
    isAuthentic = true;
    data(CHECK);
    data(MEDIA);
    await until(() => packets[3]);
    expect(packets.map(({ kind }) => kind)).toEqual(['stun', 'stun', 'stun', 'rtp']);
    const [{ path }] = packets;
    expect(path).toMatchObject({ ...PEER, protocol: 'udp', relayed: true });
    expect(new Set(packets.map((each) => each.path)).size).toBe(1);
    path.send(MEDIA);
    const sent = (await message(TURN_METHOD.SEND)).message;
    expect(sent.attribute(TURN_ATTRIBUTE.DATA)).toEqual(MEDIA);
  });

  it('goes on hearing the peer, from however many other ports of its host strangers send', async () => {
    const { data } = await opened();
    data(CHECK);
    const { path } = await until(() => packets[0]);
    isAuthentic = false;
    for (let port = 5_000; port < 5_000 + 2 * ICE_MAX_SOURCES; port++) data(CHECK, { ...PEER, port });
    data(MEDIA);
    data(CHECK, { ...PEER, port: 6_000 });
    await until(() => packets.find((each) => each.path.port === 6_000));
    expect(packets.filter(({ kind }) => kind === 'rtp').map((each) => each.path)).toEqual([path]);
  });

  it('hears nobody but the server', async () => {
    const { data, port } = await opened();
    const stranger = createSocket('udp4');
    const id = Buffer.alloc(12);
    const attributes = [
      xorAddressAttribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS, { ...PEER, port: 666 }, id),
      { type: TURN_ATTRIBUTE.DATA, value: CHECK },
    ];
    const fields = { messageClass: 'indication', method: TURN_METHOD.DATA, attributes } as const;
    stranger.send(buildStun({ ...fields, transactionId: id }), port, '127.0.0.1', () => data(CHECK));
    await until(() => packets[0]);
    expect(packets.map(({ path }) => path.port)).toEqual([PEER.port]);
    stranger.close();
  });

  it('is given back in the end, once', async () => {
    await opened();
    relay.close();
    relay.close();
    const { message: farewell } = await message(TURN_METHOD.REFRESH);
    expect(farewell.attribute(TURN_ATTRIBUTE.LIFETIME)?.readUInt32BE(0)).toBe(0);
  });

  it.each(['at once', 'when the server was asked'])(
    'is none when it is closed while it opens, %s',
    async (when) => {
      const candidate = open();
      if (when !== 'at once') await message(TURN_METHOD.ALLOCATE);
      relay.close();
      expect(await candidate).toBeUndefined();
      expect(await open()).toBeUndefined();
    },
  );

  it('still sends what was to be sent when it is closed', async () => {
    const { data } = await opened();
    data(CHECK);
    const { path } = await until(() => packets[0]);
    relay.close();
    path.send(MEDIA);
    await message(TURN_METHOD.SEND);
    await message(TURN_METHOD.REFRESH);
    expect(got.at(-1)?.message.method).toBe(TURN_METHOD.REFRESH);
  });

  it('is none when the server is silent', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const candidate = open();
      await message(TURN_METHOD.ALLOCATE);
      await vi.advanceTimersByTimeAsync(3_600);
      expect(await candidate).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });
});
