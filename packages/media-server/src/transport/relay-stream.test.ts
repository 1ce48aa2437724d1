// A relay over TCP and TLS against a TURN server that is a socket of the test: its messages in pieces, and its end.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  buildChannelData,
  buildStun,
  createSelfSignedCertificate,
  isChannelData,
  parseStun,
  StreamFramer,
  STUN_METHOD_BINDING,
  TURN_ATTRIBUTE,
  TURN_METHOD,
  uint32Attribute,
  xorAddressAttribute,
  type StunAttribute,
} from '@parley/rtc';
import type { Path } from './path.ts';
import { Relay } from './relay.ts';
import type { TurnTransport } from './turn-socket.ts';

const PEER = { address: '203.0.113.5', port: 4_000 };
const RELAYED = { address: '198.51.100.1', port: 50_000 };
const CHECK = buildStun({
  messageClass: 'request',
  method: STUN_METHOD_BINDING,
  transactionId: Buffer.alloc(12, 1),
});
/** Of odd length, so that its messages are padded. */
const MEDIA = Buffer.concat([Buffer.from([0x80, 96]), Buffer.alloc(10), Buffer.from('picture')]);

let server: Server;
/** Connections of the relay, the latest last. */
let sockets: Socket[];
/** What the server was sent. */
let got: Buffer[];
let packets: { kind: string; bytes: Buffer; path: Path }[];
let closed: Path[];
let lost: string[];
let logged: Record<string, unknown>[];
let wake: (() => void) | undefined;
let relay: Relay;

beforeEach(() => {
  [sockets, got, packets, closed, lost, logged] = [[], [], [], [], [], []];
  const write = (line: string): void => {
    logged.push(JSON.parse(line) as Record<string, unknown>);
    wake?.();
  };
  relay = new Relay({
    log: pino({ level: 'warn' }, { write }),
    onPacket: (kind, bytes, path) => {
      packets.push({ kind, bytes, path });
      wake?.();
      return kind === 'stun';
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
  for (const socket of sockets) socket.destroy();
  server.close();
});

async function until<Found>(find: () => Found | undefined): Promise<Found> {
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}

async function listen(transport: TurnTransport): Promise<void> {
  const { der, privateKey } = createSelfSignedCertificate(Date.now());
  const cert = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----`;
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const accept = (socket: Socket): void => {
    sockets.push(socket);
    const framer = new StreamFramer();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      for (const message of framer.push(chunk)) {
        got.push(message);
        answer(socket, message);
      }
      wake?.();
    });
  };
  server = transport === 'tls' ? createTlsServer({ cert, key }, accept) : createServer(accept);
  server.on('tlsClientError', () => wake?.());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

/** Grants all, byte by byte. */
function answer(socket: Socket, message: Buffer): void {
  const request = isChannelData(message) ? undefined : parseStun(message);
  if (request?.messageClass !== 'request') return;
  const { method, transactionId } = request;
  const allocated = [
    xorAddressAttribute(TURN_ATTRIBUTE.XOR_RELAYED_ADDRESS, RELAYED, transactionId),
    uint32Attribute(TURN_ATTRIBUTE.LIFETIME, 600),
  ];
  const attributes = method === TURN_METHOD.ALLOCATE ? allocated : [];
  const bytes = buildStun({ messageClass: 'success', method, transactionId, attributes });
  for (const byte of bytes) socket.write(Buffer.of(byte));
}

function open(transport: TurnTransport): Promise<string | undefined> {
  const { port } = server.address() as AddressInfo;
  return relay.candidate({ host: '127.0.0.1', port, transport, username: 'ann', password: 'secret' });
}

function data(bytes: Buffer): Buffer {
  const transactionId = Buffer.alloc(12, 2);
  const attributes: StunAttribute[] = [
    xorAddressAttribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS, PEER, transactionId),
    { type: TURN_ATTRIBUTE.DATA, value: bytes },
  ];
  return buildStun({ messageClass: 'indication', method: TURN_METHOD.DATA, transactionId, attributes });
}

/** Gives the way to the peer, which has sent a check. */
async function openedToPeer(): Promise<Path> {
  await listen('tcp');
  expect(await open('tcp')).toContain(' 198.51.100.1 50000 typ relay');
  sockets.at(-1)?.write(data(CHECK));
  return (await until(() => packets[0])).path;
}

describe('a relay over TCP', () => {
  it('takes messages that come in pieces or together, and binds a channel for who has sent a check', async () => {
    const path = await openedToPeer();
    const bind = await until(() =>
      got.map(parseStun).find((each) => each?.method === TURN_METHOD.CHANNEL_BIND),
    );
    expect(bind.attribute(TURN_ATTRIBUTE.CHANNEL_NUMBER)?.readUInt16BE(0)).toBe(0x4000);
    sockets[0].write(Buffer.concat([data(MEDIA), buildChannelData(0x4000, MEDIA, true), data(CHECK)]));
    await until(() => packets[3]);
    expect(packets.map(({ kind }) => kind)).toEqual(['stun', 'rtp', 'rtp', 'stun']);
    expect(packets[2]).toMatchObject({ bytes: MEDIA, path });
    path.send(MEDIA);
    const sent = await until(() => got.find(isChannelData));
    expect(sent).toEqual(buildChannelData(0x4000, MEDIA, true));
    expect(sent.length % 4).toBe(0);
  });

  it('says which ways are closed when the connection breaks, and is opened anew when it is asked for again', async () => {
    const path = await openedToPeer();
    sockets[0].destroy();
    const candidate = await until(() => lost[0]);
    expect(candidate).toContain('typ relay');
    expect(closed).toEqual([path]);
    expect(logged).toMatchObject([{ msg: 'a relay is lost', turnServer: { transport: 'tcp' } }]);
    expect(JSON.stringify(logged)).not.toContain('secret');
    expect(await open('tcp')).toBe(candidate);
    expect(sockets).toHaveLength(2);
    path.send(MEDIA);
    sockets[1].write(data(CHECK));
    expect((await until(() => packets[1])).path).not.toBe(path);
  });

  it('ends the connection to what does not speak TURN', async () => {
    await openedToPeer();
    const ended = new Promise((resolve) => sockets[0].once('close', resolve));
    sockets[0].write('HTTP/1.1 400 Bad Request\r\n\r\n');
    await until(() => lost[0]);
    await ended;
  });

  it('gives the allocation back in the end, and hangs up', async () => {
    await openedToPeer();
    const ended = new Promise((resolve) => sockets[0].once('close', resolve));
    relay.close();
    const farewell = await until(() =>
      got.map(parseStun).find((each) => each?.method === TURN_METHOD.REFRESH),
    );
    await ended;
    expect(farewell?.attribute(TURN_ATTRIBUTE.LIFETIME)?.readUInt32BE(0)).toBe(0);
    expect(lost).toEqual([]);
  });

  it('is none where the server hangs up, and where nobody listens', async () => {
    await listen('tcp');
    const { port } = server.address() as AddressInfo;
    server.on('connection', (socket) => socket.destroy());
    expect(await open('tcp')).toBeUndefined();
    server.close();
    await once(server, 'close');
    const place = { host: '127.0.0.1', port, username: 'ann', password: 'secret' };
    expect(await relay.candidate({ ...place, transport: 'tcp' })).toBeUndefined();
    expect(logged.map(({ reason }) => reason)).toMatchObject([
      'the server ended the connection',
      expect.stringContaining('ECONNREFUSED'),
    ]);
  });

  it('asks nobody whom its name leads where no such server is', async () => {
    await listen('tcp');
    const { port } = server.address() as AddressInfo;
    // Another way to write 0.0.0.0, which leads to this machine.
    const place = { host: '0', port, transport: 'tcp', username: 'ann', password: 'secret' } as const;
    expect(await relay.candidate(place)).toBeUndefined();
    expect(logged).toMatchObject([{ reason: '0.0.0.0 is no address of a TURN server' }]);
    expect(sockets).toEqual([]);
  });
});

it('a relay over TLS is none when the certificate of the server is not to be believed', async () => {
  await listen('tls');
  expect(await open('tls')).toBeUndefined();
  expect(logged).toMatchObject([{ reason: 'self-signed certificate', msg: 'a TURN server gives no relay' }]);
  expect(got).toEqual([]);
});
