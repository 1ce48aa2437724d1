// An RtpEndpoint between a peer with real sockets and a sink or source of the pipeline.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import {
  parseRtcp,
  RtpPacket,
  SrtpReceiver,
  SrtpSender,
  compoundRtcp,
  writeReceiverReport,
  type RtcpPacket,
} from '@parley/rtc';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Environment } from '../environment.ts';
import { mediaPacket, rtpPacket, TestSource, vp8Payload } from '../forwarding/testing.ts';
import type { MediaPacket } from '../forwarding/track.ts';
import { Ticker } from '../ticker.ts';
import { RtpTransportFactory } from '../transport/rtp-transport-factory.ts';
import { SOFT_MARGIN } from '../transport/srtp-key-use.ts';
import type { ObjectEvent } from './media-object.ts';
import { RtpEndpoint } from './rtp-endpoint.ts';

const HOST = '127.0.0.1';
const KEY = '4321ZYXWVUTSRQPONMLKJIHGFEDCBA';
const SDES = { crypto: 'AES_128_CM_HMAC_SHA1_80', key: KEY };

let ticker: Ticker;
let events: ObjectEvent[];
let logged: string[];
let listeners: (() => void)[];
const open: { close(): void }[] = [];
const endpoints: RtpEndpoint[] = [];

beforeEach(() => {
  events = [];
  logged = [];
  listeners = [];
  ticker = new Ticker({
    onFault: (error) => {
      throw error;
    },
  });
});

afterEach(async () => {
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.release()));
  for (const each of open.splice(0)) each.close();
  ticker.close();
});

interface Made {
  readonly params?: Record<string, unknown>;
  readonly ports?: { first: number; last: number };
  readonly announcedIps?: string[];
  readonly keyLimits?: { rtp: number; rtcp: number };
}

function newEndpoint(made: Made = {}): RtpEndpoint {
  const log = pino({}, { write: (line) => void logged.push((JSON.parse(line) as { msg: string }).msg) });
  const { params = {}, ports = { first: 44_000, last: 44_999 }, announcedIps = [HOST] } = made;
  const host = params.useIpv6 === true ? '::1' : HOST;
  const keyLimits = made.keyLimits ?? { rtp: 2 ** 48, rtcp: 2 ** 31 };
  const endpoint = new RtpEndpoint(
    {
      id: `endpoint-${endpoints.length}`,
      parent: undefined,
      environment: {
        log,
        ticker,
        rtp: new RtpTransportFactory({ ports, announcedIps, host, keyLimits, log }),
      } as unknown as Environment,
      publish: (event) => {
        events.push(event);
        for (const look of listeners.splice(0)) look();
      },
      released: () => {},
    },
    params,
  );
  endpoints.push(endpoint);
  return endpoint;
}

async function event(type: string): Promise<ObjectEvent> {
  for (;;) {
    const found = events.find((event) => event.type === type);
    if (found) return found;
    await new Promise<void>((resolve) => listeners.push(resolve));
  }
}

/** The far side: a port for RTP and one for RTCP, and what came there. */
class Peer {
  readonly rtp: Socket;
  readonly rtcp: Socket;
  readonly reports: RtcpPacket[] = [];
  readonly #waiting: (() => void)[] = [];

  private constructor(rtp: Socket, rtcp: Socket) {
    this.rtp = rtp;
    this.rtcp = rtcp;
    open.push(rtp, rtcp);
    rtcp.on('message', (bytes) => {
      this.reports.push(...parseRtcp(bytes));
      for (const look of this.#waiting.splice(0)) look();
    });
  }

  static async open(): Promise<Peer> {
    const [rtp, rtcp] = [createSocket('udp4'), createSocket('udp4')];
    for (const socket of [rtp, rtcp]) {
      socket.bind(0, HOST);
      await once(socket, 'listening');
    }
    return new Peer(rtp, rtcp);
  }

  offer(profile: string, ...attributes: string[]): string {
    const head = ['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', `c=IN IP4 ${HOST}`, 't=0 0'];
    const media = [`m=video ${this.rtp.address().port} ${profile} 96`, 'a=rtpmap:96 VP8/90000'];
    return [...head, ...media, `a=rtcp:${this.rtcp.address().port}`, ...attributes, ''].join('\r\n');
  }

  async report(type: RtcpPacket['type']): Promise<RtcpPacket> {
    for (;;) {
      const found = this.reports.find((report) => report.type === type);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

function portIn(sdp: string): number {
  return Number(/m=\w+ (\d+)/.exec(sdp)?.[1]);
}

async function code(promise: Promise<unknown>): Promise<number> {
  const refused = await promise.then(
    () => undefined,
    (error: unknown) => error as { code: number },
  );
  return refused?.code ?? 0;
}

/** Collects what the endpoint gives into the pipeline. */
function collect(endpoint: RtpEndpoint) {
  const packets: MediaPacket[] = [];
  const waiting: (() => void)[] = [];
  endpoint.source('video').addSink({
    kind: 'video',
    sourceChanged: () => {},
    write: (packet) => {
      packets.push(packet);
      for (const look of waiting.splice(0)) look();
    },
  });
  return {
    packets,
    count: async (count: number) => {
      while (packets.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}

describe('a peer that sends', () => {
  it('is heard at the answered port; flow, media and connection are told; its media is asked for by PLI', async () => {
    const [endpoint, peer] = [newEndpoint(), await Peer.open()];
    const into = collect(endpoint);
    const answer = await endpoint.processOffer(peer.offer('RTP/AVPF', 'a=sendonly', 'a=rtcp-fb:96 nack pli'));
    expect(answer).toContain('a=recvonly');
    expect(endpoint.connectionState).toBe('CONNECTED');
    expect(endpoint.mediaState).toBe('DISCONNECTED');
    peer.rtp.send(rtpPacket({ sequence: 65_535, payload: vp8Payload(true) }).bytes, portIn(answer), HOST);
    await into.count(1);
    expect(await event('MediaFlowOutStateChanged')).toMatchObject({
      data: { state: 'FLOWING', mediaType: 'VIDEO' },
    });
    expect(await event('MediaStateChanged')).toMatchObject({ data: { newState: 'CONNECTED' } });
    endpoint.requestKeyframe();
    expect(await peer.report('pli')).toMatchObject({ mediaSsrc: 1111 });
    expect(endpoint.getStats('VIDEO')?.['endpoint-0/inbound-video']).toMatchObject({ packetsReceived: 1 });
    expect(events.map(({ type }) => type)).toContain('MediaSessionStarted');
  });

  it('without feedback cannot be asked for key frames, and the log says what that means for viewers', async () => {
    const [endpoint, peer] = [newEndpoint(), await Peer.open()];
    expect(() => endpoint.requestKeyframe()).toThrow(expect.objectContaining({ code: 40111 }));
    await endpoint.processOffer(peer.offer('RTP/AVP', 'a=sendonly', 'a=rtcp-fb:96 nack pli'));
    expect(() => endpoint.requestKeyframe()).toThrow(expect.objectContaining({ code: 40111 }));
    expect(logged.join()).toContain('wait for its next one');
  });

  it('cannot be asked either when it only receives', async () => {
    const [endpoint, peer] = [newEndpoint(), await Peer.open()];
    await endpoint.processOffer(peer.offer('RTP/AVPF', 'a=recvonly', 'a=rtcp-fb:96 nack pli'));
    expect(() => endpoint.requestKeyframe()).toThrow('sends no video');
  });

  it('is asked for no more than the bandwidth that is wanted, and is told of it in an offer', async () => {
    const [endpoint, peer] = [newEndpoint(), await Peer.open()];
    endpoint.maxVideoRecvBandwidth = 300;
    const answer = await endpoint.processOffer(peer.offer('RTP/AVPF', 'a=rtcp-fb:96 goog-remb'));
    peer.rtp.send(rtpPacket({ sequence: 1, payload: vp8Payload(true) }).bytes, portIn(answer), HOST);
    expect(await peer.report('remb')).toMatchObject({ bitrate: 300_000, ssrcs: [1111] });
    expect(answer).not.toContain('b=AS');
    const other = newEndpoint();
    other.maxVideoRecvBandwidth = 700;
    expect(await other.generateOffer()).toMatch(/m=video \d+ RTP\/AVPF[^\n]*\nb=AS:700\r\n/);
  });
});

it('goes on with its peer, whatever else comes to its ports', async () => {
  const [endpoint, peer] = [newEndpoint(), await Peer.open()];
  const into = collect(endpoint);
  const answer = await endpoint.processOffer(peer.offer('RTP/AVPF', 'a=rtcp-fb:96 nack pli'));
  let seed = 5;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const genuine = rtpPacket({ sequence: 1, payload: vp8Payload(true) }).bytes;
  const report = compoundRtcp([writeReceiverReport({ ssrc: 5, reports: [] })]);
  for (let i = 0; i < 500; i++) {
    const bytes = Buffer.from(i % 2 === 0 ? genuine : report);
    for (let flips = 0; flips < 3; flips++) bytes[Math.floor(random() * bytes.length)] ^= 1 << (random() * 8);
    peer.rtp.send(bytes.subarray(0, random() * bytes.length), portIn(answer) + (i % 4 === 3 ? 1 : 0), HOST);
  }
  const { packets } = into;
  const isGenuine = ({ rtp }: MediaPacket) => rtp.sequenceNumber === 40_000 && rtp.ssrc === 1111;
  peer.rtp.send(rtpPacket({ sequence: 40_000, payload: vp8Payload(true) }).bytes, portIn(answer), HOST);
  while (!packets.some(isGenuine)) await into.count(packets.length + 1);
  expect(logged).toEqual([]);
});

describe('a peer that receives', () => {
  it('is sent the packets of the source, from the key frame on, and reports', async () => {
    const [endpoint, peer] = [newEndpoint(), await Peer.open()];
    const source = new TestSource();
    source.addSink(endpoint.sink('video'));
    await endpoint.processOffer(peer.offer('RTP/AVP', 'a=recvonly'));
    expect(source.keyframesAsked).toBeGreaterThan(0);
    const came = once(peer.rtp, 'message') as Promise<[Buffer]>;
    source.give(mediaPacket({ sequence: 9 }));
    source.give(mediaPacket({ sequence: 10, keyframe: true }));
    const [bytes] = await came;
    const packet = RtpPacket.parse(bytes);
    expect(packet?.payload).toEqual(mediaPacket({ sequence: 10, keyframe: true }).rtp.payload);
    source.clockMapping = { rtpTimestamp: 0, ntpMs: 3_900_000_000_000, learnedAt: 0 };
    expect(await peer.report('sender-report')).toMatchObject({ ssrc: packet?.ssrc });
  });

  it('is told by an Error when its codecs do not go with those of the source', async () => {
    const [endpoint, peer] = [newEndpoint(), await Peer.open()];
    const source = new TestSource();
    source.addSink(endpoint.sink('video'));
    await endpoint.processOffer(peer.offer('RTP/AVP').replaceAll('VP8', 'H264'));
    source.give(mediaPacket({ sequence: 1, keyframe: true }));
    expect(await event('Error')).toMatchObject({
      data: {
        errorCode: 40005,
        type: 'UNSUPPORTED_MEDIA_TYPE',
        description:
          "The source's video is VP8; this peer agreed to H264 only. Nothing is transcoded: let one side offer the other's codec.",
      },
    });
  });
});

describe('SDES', () => {
  const theirKey = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ1234');
  const crypto = `a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:${theirKey.toString('base64')}`;
  const keysOf = (bytes: Buffer) => ({
    profile: 'AES_CM_128_HMAC_SHA1_80' as const,
    masterKey: bytes.subarray(0, 16),
    masterSalt: bytes.subarray(16),
  });

  it('protects both ways, with our key out and the peer’s in, and tells once when a key nears its end', async () => {
    const keyLimits = { rtp: SOFT_MARGIN + 1, rtcp: 2 ** 31 };
    const [endpoint, peer] = [newEndpoint({ params: { crypto: SDES }, keyLimits }), await Peer.open()];
    const source = new TestSource();
    source.addSink(endpoint.sink('video'));
    const into = collect(endpoint);
    const answer = await endpoint.processOffer(peer.offer('RTP/SAVP', crypto));
    expect(answer).toContain(
      `a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:${Buffer.from(KEY).toString('base64')}`,
    );
    const came = once(peer.rtp, 'message') as Promise<[Buffer]>;
    source.give(mediaPacket({ sequence: 10, keyframe: true }));
    const [bytes] = await came;
    expect(new SrtpReceiver(keysOf(Buffer.from(KEY))).unprotectRtp(bytes)).toBeDefined();
    const theirs = new SrtpSender(keysOf(theirKey));
    expect(events.filter(({ type }) => type === 'OnKeySoftLimit')).toHaveLength(0);
    for (const sequence of [1, 2, 3]) {
      const { bytes } = rtpPacket({ sequence, payload: vp8Payload(true) });
      peer.rtp.send(theirs.protectRtp(bytes, 12), portIn(answer), HOST);
    }
    source.give(mediaPacket({ sequence: 11 }));
    await into.count(3);
    const told = events.filter(({ type }) => type === 'OnKeySoftLimit');
    expect(told.map(({ data }) => data.mediaType)).toEqual(['VIDEO']);
  });

  it('takes a key of base64 as well, and makes one up when it is given none', async () => {
    const [peer, base64] = [await Peer.open(), theirKey.toString('base64')];
    const { crypto: suite } = SDES;
    const given = newEndpoint({ params: { crypto: { crypto: suite, keyBase64: base64 } } });
    expect(await given.processOffer(peer.offer('RTP/SAVPF', crypto))).toContain(`inline:${base64}`);
    const inlineOf = (sdp: string) => /inline:(\S+)/.exec(sdp)?.[1];
    const [one, other] = [
      newEndpoint({ params: { crypto: { crypto: suite } } }),
      newEndpoint({ params: { crypto: { crypto: suite } } }),
    ];
    const offers = [inlineOf(await one.generateOffer()), inlineOf(await other.generateOffer())];
    expect(Buffer.from(offers[0] ?? '', 'base64')).toHaveLength(30);
    expect(offers[0]).not.toBe(offers[1]);
    const long = newEndpoint({
      params: { crypto: { crypto: 'AES_256_CM_HMAC_SHA1_80', key: 'k'.repeat(46) } },
    });
    expect(await long.generateOffer()).toContain('crypto:1 AES_256_CM_HMAC_SHA1_80 inline:');
  });

  it.each([
    ['a key that is too short', { ...SDES, key: 'short' }],
    ['a key for another suite', { ...SDES, crypto: 'AES_256_CM_HMAC_SHA1_80' }],
    ['no suite', { key: KEY }],
    ['two keys', { ...SDES, keyBase64: Buffer.from(KEY).toString('base64') }],
    ['base64 that is none', { crypto: SDES.crypto, keyBase64: '*'.repeat(40) }],
  ])('refuses %s', (_what, value) => {
    expect(() => newEndpoint({ params: { crypto: value } })).toThrow(
      expect.objectContaining({ code: 40107 }),
    );
  });

  it('is not asked for by an empty SDES, which is the default', async () => {
    expect(await newEndpoint({ params: { crypto: {} } }).generateOffer()).toContain('RTP/AVPF');
  });
});

describe('the negotiation', () => {
  it('refuses what cannot be read, sent to or taken, and may be tried again afterwards', async () => {
    const [endpoint, peer] = [newEndpoint(), await Peer.open()];
    expect(await code(endpoint.processOffer(''))).toBe(40201);
    expect(await code(endpoint.processOffer('no SDP'))).toBe(40201);
    const multicast = peer.offer('RTP/AVP').replace(`c=IN IP4 ${HOST}`, 'c=IN IP4 239.0.0.1/127');
    expect(await code(endpoint.processOffer(multicast))).toBe(40205);
    expect(
      await code(endpoint.generateOffer({ offerToReceiveAudio: false, offerToReceiveVideo: false })),
    ).toBe(40204);
    expect(await code(endpoint.processAnswer(peer.offer('RTP/AVP')))).toBe(40209);
    expect(await endpoint.processOffer(peer.offer('RTP/AVP'))).toContain('m=video');
    expect(await code(endpoint.processOffer(peer.offer('RTP/AVP')))).toBe(40208);
  });

  it('by an offer of ours goes by its answer, and gives back the ports of what the answer refuses', async () => {
    const [endpoint, peer] = [newEndpoint(), await Peer.open()];
    const into = collect(endpoint);
    const offer = await endpoint.generateOffer();
    const [audioPort, videoPort] = [...offer.matchAll(/m=\w+ (\d+)/g)].map(([, port]) => Number(port));
    const video = peer.offer('RTP/AVPF').replaceAll('96', '98');
    const refusing = video.replace('m=video', 'm=audio 0 RTP/AVPF 96\r\nm=video');
    expect(await code(endpoint.processAnswer(video))).toBe(40206);
    expect(await endpoint.processAnswer(refusing)).toBe(offer);
    expect(await code(endpoint.processAnswer(refusing))).toBe(40210);
    peer.rtp.send(rtpPacket({ sequence: 1, payloadType: 98 }).bytes, videoPort, HOST);
    await into.count(1);
    const again = createSocket('udp4');
    open.push(again);
    again.bind(audioPort, HOST);
    await once(again, 'listening');
  });

  it('is refused clearly when no ports are left, leaves none open, and ports come back with a release', async () => {
    const ports = { first: 23_100, last: 23_103 };
    const [one, other, peer] = [newEndpoint({ ports }), newEndpoint({ ports }), await Peer.open()];
    const both = peer.offer('RTP/AVP') + 'm=audio 5004 RTP/AVP 0\r\n';
    expect(await one.processOffer(peer.offer('RTP/AVP'))).toContain('m=video');
    expect(await code(other.processOffer(both))).toBe(40009);
    expect(await other.processOffer(peer.offer('RTP/AVP'))).toContain('m=video');
    const third = newEndpoint({ ports });
    expect(await code(third.processOffer(both))).toBe(40009);
    await Promise.all([one.release(), other.release()]);
    expect(await third.processOffer(both)).toContain('m=audio');
  });

  it('leaves no port open when the endpoint is released meanwhile', async () => {
    const ports = { first: 23_110, last: 23_111 };
    const [endpoint, peer] = [newEndpoint({ ports }), await Peer.open()];
    const negotiation = code(endpoint.processOffer(peer.offer('RTP/AVP')));
    await endpoint.release();
    expect(await negotiation).toBe(40101);
    expect(await newEndpoint({ ports }).processOffer(peer.offer('RTP/AVP'))).toContain('m=video');
  });

  it('has IPv6 in all its places when asked for, and says so when the server announces none', async () => {
    const endpoint = newEndpoint({ params: { useIpv6: true }, announcedIps: [HOST, '2001:db8::1'] });
    const offer = await endpoint.generateOffer();
    expect(offer).toContain('c=IN IP6 2001:db8::1');
    expect(await code(newEndpoint({ params: { useIpv6: true } }).generateOffer())).toBe(40009);
    const far = createSocket('udp6');
    open.push(far);
    far.bind(0, '::1');
    await once(far, 'listening');
    const video = `m=video ${far.address().port} RTP/AVPF 98\r\na=rtpmap:98 VP8/90000\r\n`;
    const head = 'v=0\r\no=- 0 0 IN IP6 ::1\r\ns=-\r\nc=IN IP6 0:0:0::1\r\nt=0 0\r\n';
    await endpoint.processAnswer(`${head}m=audio 0 RTP/AVPF 96\r\n${video}`);
    const [source, into] = [new TestSource(), collect(endpoint)];
    source.addSink(endpoint.sink('video'));
    const came = once(far, 'message');
    source.give(mediaPacket({ sequence: 10, keyframe: true }));
    await came;
    const videoPort = Number(/m=video (\d+)/.exec(offer)?.[1]);
    far.send(rtpPacket({ sequence: 1, payloadType: 98 }).bytes, videoPort, '::1');
    await into.count(1);
    const peer = await Peer.open();
    const other = newEndpoint({ params: { useIpv6: true }, announcedIps: ['2001:db8::1'] });
    expect(await code(other.processOffer(peer.offer('RTP/AVP')))).toBe(40205);
  });

  it('says in the log what of an offer was refused', async () => {
    const [endpoint, peer] = [newEndpoint({ params: { crypto: SDES } }), await Peer.open()];
    expect(await endpoint.processOffer(peer.offer('RTP/AVP'))).toMatch(/m=video 0 RTP\/AVP 96\r\na=inactive/);
    expect(logged.join()).toContain('lines were refused');
    expect(endpoint.connectionState).toBe('DISCONNECTED');
  });
});

it('counts the peer’s media as there while RTCP comes, also when it sends no RTP', async () => {
  const [endpoint, peer] = [newEndpoint(), await Peer.open()];
  const answer = await endpoint.processOffer(peer.offer('RTP/AVP', 'a=recvonly'));
  peer.rtcp.send(compoundRtcp([writeReceiverReport({ ssrc: 5, reports: [] })]), portIn(answer) + 1, HOST);
  expect(await event('MediaStateChanged')).toMatchObject({
    data: { oldState: 'DISCONNECTED', newState: 'CONNECTED' },
  });
});
