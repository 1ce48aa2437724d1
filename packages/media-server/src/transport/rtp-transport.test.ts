// Plain RTP between real sockets on this machine: where packets may come from, and where they go.
import { once } from 'node:events';
import { createSocket, type Socket } from 'node:dgram';
import { SrtpSender, writeReceiverReport, type SrtpKeys, type SrtpSuite } from '@parley/rtc';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { rtpPacket } from '../forwarding/testing.ts';
import { RtpPorts } from './rtp-ports.ts';
import { RtpTransport, type RtpPeer } from './rtp-transport.ts';
import { SOFT_MARGIN } from './srtp-key-use.ts';

const ports = new RtpPorts({ first: 42_000, last: 42_999 });
const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

const CLEAR: RtpPeer = {
  place: undefined,
  comesToUs: false,
  rtcpMux: false,
  keys: undefined,
  payloadTypes: new Set([96]),
};

/** A socket of the far side. `host`: every address of 127.0.0.0/8 is this machine. */
async function socketOn(host = '127.0.0.1'): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  open.push(socket);
  return socket;
}

function portOf(socket: Socket): number {
  return socket.address().port;
}

async function next(socket: Socket): Promise<Buffer> {
  const [bytes] = (await once(socket, 'message')) as [Buffer];
  return bytes;
}

/** A transport with what it tells, and the warnings of its log. */
async function transportTo(
  peer: Partial<RtpPeer>,
  own: string[] = [],
  { keyLimits = { rtp: 9e9, rtcp: 9e9 }, maxReceiveBitrate = 9e9 } = {},
) {
  const pair = await ports.open('0.0.0.0');
  if (!pair) throw new Error('no ports');
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  const tell = (what: string) => {
    told.push(what);
    for (const look of waiting.splice(0)) look();
  };
  const logged: string[] = [];
  const log = pino({}, { write: (line) => void logged.push((JSON.parse(line) as { msg: string }).msg) });
  const transport = new RtpTransport(
    pair,
    { log, keyLimits, maxReceiveBitrate, ownAddresses: () => own },
    {
      onRtp: (packet) => tell(`rtp ${packet.readUInt16BE(2)}`),
      onRtcp: () => tell('rtcp'),
      onConnected: () => tell('connected'),
      onKeySoftLimit: () => tell('soft limit'),
      onFlood: ({ dropped }) => tell(`flood ${dropped}`),
    },
  );
  open.push(transport);
  transport.start({ ...CLEAR, ...peer });
  const saw = async (what: string) => {
    while (!told.includes(what)) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { transport, told, logged, saw };
}

const rtp = (sequence: number, payloadType = 96) => rtpPacket({ sequence, payloadType }).bytes;
const report = writeReceiverReport({ ssrc: 1, reports: [] });
const keys = (byte: number): SrtpKeys<SrtpSuite> => ({
  profile: 'AES_256_CM_HMAC_SHA1_32',
  masterKey: Buffer.alloc(32, byte),
  masterSalt: Buffer.alloc(14, byte),
});

describe('a peer whose place the SDP names', () => {
  it('is sent RTP and RTCP to its two ports at once, from an even port and the next', async () => {
    const [media, control] = [await socketOn(), await socketOn()];
    const place = { address: '127.0.0.1', port: portOf(media), rtcpPort: portOf(control) };
    const { transport, told } = await transportTo({ place });
    expect(told).toEqual(['connected']);
    expect(transport.ports.rtp % 2).toBe(0);
    expect(transport.ports.rtcp).toBe(transport.ports.rtp + 1);
    const [came, reported] = [once(media, 'message'), once(control, 'message')];
    transport.sendRtp(rtp(1), 12);
    transport.sendRtcp(report);
    expect(await came).toMatchObject([rtp(1), { port: transport.ports.rtp }]);
    expect(await reported).toMatchObject([report, { port: transport.ports.rtcp }]);
  });

  it('gets its RTCP on the one port, from the one port, when both are mixed', async () => {
    const media = await socketOn();
    const place = { address: '127.0.0.1', port: portOf(media), rtcpPort: portOf(media) };
    const { transport, saw } = await transportTo({ place, rtcpMux: true });
    const reported = once(media, 'message');
    transport.sendRtcp(report);
    expect(await reported).toMatchObject([report, { port: transport.ports.rtp }]);
    media.send(report, transport.ports.rtp, '127.0.0.1');
    await saw('rtcp');
  });

  it('is sent its media there whatever port it sends from itself, and whoever else sends', async () => {
    const [media, itsSender, stranger] = [await socketOn(), await socketOn(), await socketOn('127.0.0.2')];
    const place = { address: '127.0.0.1', port: portOf(media), rtcpPort: 9 };
    const { transport, told, logged, saw } = await transportTo({ place });
    stranger.send(rtp(100), transport.ports.rtp, '127.0.0.1');
    stranger.send(report, transport.ports.rtcp, '127.0.0.1');
    itsSender.send(rtp(1), transport.ports.rtp, '127.0.0.1');
    await saw('rtp 1');
    expect(told).toEqual(['connected', 'rtp 1']);
    expect(logged).toEqual([expect.stringContaining('does not name')]);
    const came = next(media);
    transport.sendRtp(rtp(2), 12);
    expect(await came).toEqual(rtp(2));
  });

  it('may be this machine by any of its addresses when it is named by loopback', async () => {
    const itsSender = await socketOn('127.0.0.3');
    const place = { address: '127.0.0.1', port: 9, rtcpPort: 9 };
    const { transport, saw } = await transportTo({ place }, ['127.0.0.3']);
    itsSender.send(rtp(7), transport.ports.rtp, '127.0.0.1');
    await saw('rtp 7');
  });
});

describe('a peer that comes to us', () => {
  it('is sent nothing before its first packet, and everything to where that came from, for good', async () => {
    const [itsMedia, itsControl, stranger] = [
      await socketOn(),
      await socketOn(),
      await socketOn('127.0.0.2'),
    ];
    const { transport, told, saw } = await transportTo({ comesToUs: true });
    transport.sendRtp(rtp(1), 12);
    expect(transport.isConnected).toBe(false);
    // Of another payload type: none that was agreed on, so it says nothing of who the peer is.
    stranger.send(rtp(50, 97), transport.ports.rtp, '127.0.0.1');
    await saw('rtp 50');
    itsMedia.send(rtp(2), transport.ports.rtp, '127.0.0.1');
    await saw('connected');
    stranger.send(rtp(100), transport.ports.rtp, '127.0.0.1');
    stranger.send(report, transport.ports.rtcp, '127.0.0.1');
    itsControl.send(report, transport.ports.rtcp, '127.0.0.1');
    await saw('rtcp');
    expect(told).toEqual(['rtp 50', 'connected', 'rtp 2', 'rtcp']);
    const [came, reported] = [next(itsMedia), next(itsControl)];
    transport.sendRtp(rtp(3), 12);
    transport.sendRtcp(report);
    expect(await came).toEqual(rtp(3));
    expect(await reported).toEqual(report);
  });

  it('does not move when another socket of its host sends', async () => {
    const [first, second] = [await socketOn(), await socketOn()];
    const { transport, saw } = await transportTo({ comesToUs: true });
    first.send(rtp(1), transport.ports.rtp, '127.0.0.1');
    await saw('rtp 1');
    second.send(rtp(2), transport.ports.rtp, '127.0.0.1');
    await saw('rtp 2');
    const came = next(first);
    transport.sendRtp(rtp(3), 12);
    expect(await came).toEqual(rtp(3));
  });
});

describe('a peer with keys', () => {
  const protectedPeer = (place?: RtpPeer['place']): Partial<RtpPeer> => ({
    place,
    comesToUs: !place,
    keys: { send: keys(1), receive: keys(2) },
  });

  it('shows by its key that it is the peer; who has none is not heard and not followed', async () => {
    const [peer, forger] = [await socketOn('127.0.0.2'), await socketOn()];
    const { transport, told, saw } = await transportTo(protectedPeer());
    const theirs = new SrtpSender(keys(2));
    forger.send(new SrtpSender(keys(3)).protectRtp(rtp(9), 12), transport.ports.rtp, '127.0.0.1');
    forger.send(rtp(9), transport.ports.rtp, '127.0.0.1');
    peer.send(theirs.protectRtp(rtp(1), 12), transport.ports.rtp, '127.0.0.1');
    await saw('rtp 1');
    expect(told).toEqual(['connected', 'rtp 1']);
    const came = next(peer);
    transport.sendRtp(rtp(2), 12);
    expect(await came).toEqual(new SrtpSender(keys(1)).protectRtp(rtp(2), 12));
  });

  it('is heard while it is on hold, and still sent nothing: it has named no place', async () => {
    const peer = await socketOn();
    const { transport, told, saw } = await transportTo({ ...protectedPeer(), comesToUs: false });
    peer.send(new SrtpSender(keys(2)).protectRtp(rtp(1), 12), transport.ports.rtp, '127.0.0.1');
    await saw('rtp 1');
    expect(told).toEqual(['rtp 1']);
  });

  it('is told of in time when a key comes near its end, in either direction, and then nothing is protected any more', async () => {
    const peer = await socketOn();
    const place = { address: '127.0.0.1', port: portOf(peer), rtcpPort: 9 };
    const limits = { rtp: SOFT_MARGIN + 1, rtcp: 1 };
    const peerOnOnePort = { ...protectedPeer(place), rtcpMux: true };
    const { transport, told, saw } = await transportTo(peerOnOnePort, [], { keyLimits: limits });
    transport.sendRtp(rtp(1), 12);
    expect(told).toEqual(['connected']);
    transport.sendRtp(rtp(2), 12);
    expect(told).toEqual(['connected', 'soft limit']);
    const theirs = new SrtpSender(keys(2));
    for (const sequence of [1, 2])
      peer.send(theirs.protectRtp(rtp(sequence), 12), transport.ports.rtp, '127.0.0.1');
    await saw('rtp 2');
    expect(told).toEqual(['connected', 'soft limit', 'rtp 1', 'soft limit', 'rtp 2']);
    // The second report would need a number that was used.
    for (const sequence of [1, 2]) {
      peer.send(theirs.protectRtcp(report), transport.ports.rtp, '127.0.0.1');
      peer.send(theirs.protectRtp(rtp(10 + sequence), 12), transport.ports.rtp, '127.0.0.1');
      await saw(`rtp ${10 + sequence}`);
    }
    expect(told.filter((what) => what === 'rtcp')).toHaveLength(1);
  });
});

describe('a peer that sends more than is taken', () => {
  // One packet is paid for in a quarter of an hour.
  const maxReceiveBitrate = 8;

  it('is not heard beyond it, and it is told; its RTCP is counted by itself', async () => {
    const peer = await socketOn();
    const place = { address: '127.0.0.1', port: portOf(peer), rtcpPort: 9 };
    const { transport, told, saw } = await transportTo({ place, rtcpMux: true }, [], { maxReceiveBitrate });
    for (const packet of [rtp(1), rtp(2), rtp(3), report])
      peer.send(packet, transport.ports.rtp, '127.0.0.1');
    await saw('rtcp');
    expect(told).toEqual(['connected', 'rtp 1', 'flood 1', 'rtcp']);
  });

  it('is not silenced by who sends what has no key of its', async () => {
    const [peer, forger] = [await socketOn(), await socketOn()];
    const keysOfBoth = { send: keys(1), receive: keys(2) };
    const limits = { maxReceiveBitrate };
    const { transport, told, saw } = await transportTo({ comesToUs: true, keys: keysOfBoth }, [], limits);
    const forged = new SrtpSender(keys(3));
    for (const sequence of [7, 8, 9])
      forger.send(forged.protectRtp(rtp(sequence), 12), transport.ports.rtp, '127.0.0.1');
    peer.send(new SrtpSender(keys(2)).protectRtp(rtp(1), 12), transport.ports.rtp, '127.0.0.1');
    await saw('rtp 1');
    expect(told).toEqual(['connected', 'rtp 1']);
  });
});

describe('the ports', () => {
  it('are given back when a transport is closed, and not given twice before', async () => {
    const one = new RtpPorts({ first: 23_001, last: 23_004 });
    const pair = await one.open('127.0.0.1');
    expect(pair?.rtp.address().port).toBe(23_002);
    expect(await one.open('127.0.0.1')).toBeUndefined();
    pair?.rtp.close();
    expect(await one.open('127.0.0.1')).toBeUndefined();
    pair?.rtcp.close();
    const again = await one.open('127.0.0.1');
    expect(again?.rtcp.address().port).toBe(23_003);
    again?.rtp.close();
    again?.rtcp.close();
  });

  it('are none when the range has no even port with a next one', () => {
    expect(() => new RtpPorts({ first: 23_001, last: 23_002 })).toThrow(RangeError);
  });
});
