import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { hostCandidate, IceLiteAgent, writeCandidate } from '@parley/rtc';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import type { Path } from './path.ts';
import { WayToLitePeer } from './way-to-lite-peer.ts';

const LOCAL = { ufrag: 'ours', pwd: 'our-password-of-22-chars' };
const REMOTE = { ufrag: 'theirs', pwd: 'their-password-of-22-chars' };
/** The first byte of a DTLS record. */
const DTLS = Buffer.from([22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

const sockets: Socket[] = [];
let way: WayToLitePeer;
afterEach(() => {
  way.close();
  for (const socket of sockets.splice(0)) socket.close();
});

async function open(): Promise<Socket> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

it('finds the way to a lite peer, hears what comes on it, and nothing of anybody else', async () => {
  const [peer, stranger] = [await open(), await open()];
  const agent = new IceLiteAgent({ localUfrag: REMOTE.ufrag, localPwd: REMOTE.pwd });
  agent.setRemote(LOCAL);
  const from = new Promise<AddressInfo>((resolve) =>
    peer.on('message', (bytes, { address, port }) => {
      const { response } = agent.handleStun(bytes, { protocol: 'udp', address, port }, 0);
      if (response) peer.send(response, port, address);
      resolve({ address, port, family: 'IPv4' });
    }),
  );
  const packets: string[] = [];
  let heard: (() => void) | undefined;
  const answered = new Promise<Path>((resolve) => {
    way = new WayToLitePeer({
      local: LOCAL,
      remote: REMOTE,
      log: pino({ level: 'silent' }),
      onAnswered: resolve,
      onPacket: (kind, bytes, path) => {
        packets.push(`${kind} of ${bytes.length} bytes on ${path.port}`);
        heard?.();
      },
    });
  });
  const { port } = peer.address();
  await way.add('candidate:1 1 udp 1 not-an-address.local 4000 typ host', 0);
  await way.add(writeCandidate(hostCandidate('127.0.0.1', port, { transport: 'tcp' })), 0);
  await way.add(writeCandidate(hostCandidate('127.0.0.1', port)), 0);
  way.tick(0);
  expect(await answered).toMatchObject({ protocol: 'udp', address: '127.0.0.1', port });

  const here = await from;
  stranger.send(Buffer.concat([DTLS, Buffer.alloc(9)]), here.port, here.address);
  const told = new Promise<void>((resolve) => (heard = resolve));
  peer.send(DTLS, here.port, here.address);
  await told;
  expect(packets).toEqual([`dtls of ${DTLS.length} bytes on ${port}`]);
});

it('knows the answer of a peer that writes its address in another way than this machine does', async () => {
  const peer = await open();
  const agent = new IceLiteAgent({ localUfrag: REMOTE.ufrag, localPwd: REMOTE.pwd });
  agent.setRemote(LOCAL);
  peer.on('message', (bytes, { address, port }) => {
    const { response } = agent.handleStun(bytes, { protocol: 'udp', address, port }, 0);
    if (response) peer.send(response, port, address);
  });
  const answered = new Promise<Path>((resolve) => {
    way = new WayToLitePeer({
      local: LOCAL,
      remote: REMOTE,
      log: pino({ level: 'silent' }),
      onAnswered: resolve,
      onPacket: () => undefined,
    });
  });
  const { port } = peer.address();
  await way.add(`candidate:1 1 udp 1 0:0:0:0:0:FFFF:7F00:1 ${port} typ host`, 0);
  way.tick(0);
  expect(await answered).toMatchObject({ address: '127.0.0.1', port });
});
