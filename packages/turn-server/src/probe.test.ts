// The probe against this package's own server on loopback, and against servers that are none.
import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo } from 'node:net';
import { mintTurnCredentials, turnPassword } from '@parley/protocol/turn-credentials';
import {
  STUN_ATTRIBUTE,
  TURN_ATTRIBUTE,
  buildStun,
  errorCodeAttribute,
  longTermKey,
  parseStun,
  textAttribute,
  xorAddressAttribute,
  type StunMessage,
} from '@parley/rtc';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { startTurnServer, type RunningTurnServer, type TurnServerOptions } from './node/turn-server.ts';
import { probeTurn, type TurnProbeRequest, type TurnProbeResult } from './probe.ts';
import { TEST_CERT, TEST_KEY } from './testing/tls-identity.fixture.ts';

const HOST = '127.0.0.1';
const SECRET = 'a secret for tests';
const ANY = { host: HOST, port: 0 };
const MEDIA = '192.0.2.10:40000';
const closing: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function started(more: Partial<TurnServerOptions> = {}): Promise<RunningTurnServer> {
  const server = await startTurnServer({
    udp: ANY,
    tcp: ANY,
    tls: { ...ANY, cert: TEST_CERT, key: TEST_KEY },
    relayAddress: HOST,
    permittedPeers: [{ address: '192.0.2.10', port: 40_000 }],
    secret: SECRET,
    realm: 'parley',
    log: pino({ level: 'silent' }),
    ...more,
  });
  closing.push(() => server.close());
  return server;
}

function probe(url: string, more: Partial<TurnProbeRequest> = {}): Promise<TurnProbeResult> {
  const minted = mintTurnCredentials({
    secret: SECRET,
    participant: 'doctor',
    lifetimeSeconds: 60,
    now: Date.now(),
  });
  return probeTurn({ url, ...minted, peers: [], ...more });
}

function urls({ udpPort, tcpPort, tlsPort }: RunningTurnServer): Record<'udp' | 'tcp' | 'tls', string> {
  return {
    udp: `turn:${HOST}:${udpPort}?transport=udp`,
    tcp: `turn:${HOST}:${tcpPort}?transport=tcp`,
    tls: `turns:${HOST}:${tlsPort}`,
  };
}

describe.each(['udp', 'tcp', 'tls'] as const)('a TURN server probed over %s', (transport) => {
  it('is found to relay to the media server and to nobody else', async () => {
    const server = await started();
    const forbidden = [
      '192.0.2.10:40001',
      '127.0.0.1:40000',
      '169.254.169.254:80',
      '[::1]:40000',
      '[::ffff:127.0.0.1]:80',
      '[::ffff:192.0.2.10]:40000',
    ];
    const result = await probe(urls(server)[transport], { peers: [MEDIA, ...forbidden], ca: [TEST_CERT] });
    expect(result).toEqual({
      allocated: true,
      relayedAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      permitted: { [MEDIA]: true, ...Object.fromEntries(forbidden.map((peer) => [peer, false])) },
      roundTripMs: expect.any(Number) as number,
    });
  });

  it('gets its allocation back', async () => {
    const server = await started();
    await probe(urls(server)[transport], { ca: [TEST_CERT] });
    await expect.poll(() => server.allocations(), { timeout: 10_000 }).toEqual([]);
  });

  it('is heard when it refuses the credentials', async () => {
    const server = await started({ secret: 'another secret' });
    const result = await probe(urls(server)[transport], { peers: [MEDIA], ca: [TEST_CERT] });
    expect(result).toMatchObject({ allocated: false, errorCode: 401, permitted: { [MEDIA]: false } });
    expect(result.roundTripMs).toBeGreaterThan(0);
  });
});

/** A server as careless as some have been: it challenges, then says yes to everything. */
async function careless(answerKey: ((request: StunMessage) => Buffer) | undefined): Promise<{
  url: string;
  peers: string[];
}> {
  const peers: string[] = [];
  const known = new Set<string>();
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  closing.push(() => void socket.close());
  socket.on('message', (bytes, from) => {
    const request = parseStun(bytes);
    if (request === undefined) return;
    const { method, transactionId, username } = request;
    const peer = request.attribute(TURN_ATTRIBUTE.XOR_PEER_ADDRESS);
    // Asked once more by a client that was kept waiting, it is the same question.
    if (peer && !known.has(transactionId.toString('hex'))) peers.push(`family ${peer[1]}`);
    known.add(transactionId.toString('hex'));
    const relayed = { address: '2001:db8::1', port: 5 };
    const answer = buildStun({
      messageClass: username === undefined ? 'error' : 'success',
      method,
      transactionId,
      attributes:
        username === undefined
          ? [
              errorCodeAttribute(401, 'Unauthorized'),
              textAttribute(STUN_ATTRIBUTE.REALM, 'r'),
              textAttribute(STUN_ATTRIBUTE.NONCE, 'n'),
            ]
          : [xorAddressAttribute(TURN_ATTRIBUTE.XOR_RELAYED_ADDRESS, relayed, transactionId)],
      ...(username !== undefined && answerKey ? { integrityKey: answerKey(request) } : {}),
    });
    socket.send(answer, from.port, from.address);
  });
  return { url: `turn:${HOST}:${socket.address().port}`, peers };
}

it('finds out that IPv4-mapped addresses are let through, if they are', async () => {
  const { url, peers } = await careless(({ username = '' }) =>
    longTermKey(username, 'r', turnPassword(SECRET, username)),
  );
  const result = await probe(url, { peers: ['[::ffff:127.0.0.1]:80'] });
  expect(result).toMatchObject({ allocated: true, permitted: { '[::ffff:127.0.0.1]:80': true } });
  // As IPv6 on the wire: shortened to IPv4, it would be another question.
  expect(peers).toEqual(['family 2', 'family 2']);
});

it('takes the word of nobody who does not know the password', async () => {
  const { url } = await careless(undefined);
  const result = await probe(url, { peers: [MEDIA] });
  expect(result).toMatchObject({ allocated: false, permitted: { [MEDIA]: false } });
  expect(result.error).toContain('does not prove');
});

it('does not trust a server whose certificate nobody vouches for', async () => {
  const server = await started();
  const result = await probe(urls(server).tls);
  expect(result).toMatchObject({ allocated: false, error: expect.stringContaining('self-signed') as string });
  expect(result.errorCode).toBeUndefined();
});

it.each(['udp', 'tcp'] as const)('says that nobody listens there, over %s', async (transport) => {
  const server = await started();
  const url = urls(server)[transport];
  await server.close();
  const result = await probe(url);
  expect(result).toMatchObject({
    allocated: false,
    error: expect.stringContaining('ECONNREFUSED') as string,
  });
  expect(result.roundTripMs).toBeUndefined();
});

it.each(['udp', 'tcp'] as const)('gives up on a server that stays silent, over %s', async (transport) => {
  const port = await (transport === 'udp' ? silentUdp() : silentTcp());
  const result = await probe(`turn:${HOST}:${port}?transport=${transport}`, { timeoutMs: 300 });
  expect(result).toEqual({ allocated: false, error: 'no answer in time', permitted: {} });
});

it('hangs up on a server that never does, so that nothing keeps its process', async () => {
  const nonsense = buildStun({
    messageClass: 'error',
    method: 1,
    transactionId: Buffer.alloc(12),
    attributes: [],
  });
  // Who is still there takes whatever comes; what is sent to somebody who has gone is refused.
  const refused = new Promise<string | undefined>((resolve) => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const write = () => void socket.write(nonsense, (error) => error ?? setImmediate(write));
      closing.push(() => void socket.destroy());
      socket.resume().on('end', write);
      socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
    });
    closing.push(() => void server.close());
    server.listen(0, HOST, () => {
      const { port } = server.address() as AddressInfo;
      void probe(`turn:${HOST}:${port}?transport=tcp`, { timeoutMs: 300 });
    });
  });
  expect(await refused).toMatch(/EPIPE|ECONNRESET/);
});

it.each(['turn:', 'http://x', 'turns:x?transport=udp', 'turn:a:0', 'turn:user@host'])(
  'refuses "%s" as an address',
  async (url) => {
    await expect(probe(url)).rejects.toThrow(TypeError);
  },
);

it.each(['192.0.2.1', '192.0.2.1:70000', 'media:80', '::1:80'])('refuses "%s" as a peer', async (peer) => {
  await expect(probe(`turn:${HOST}:3478`, { peers: [peer] })).rejects.toThrow(TypeError);
});

async function silentUdp(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  closing.push(() => void socket.close());
  return socket.address().port;
}

async function silentTcp(): Promise<number> {
  const server = createServer((socket) => closing.push(() => void socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  closing.push(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
