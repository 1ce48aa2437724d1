import { parseRtcp, RtpPacket, unwrapRtx } from '@parley/rtc';
import { describe, expect, it } from 'vitest';
import { DownTrack } from './down-track.ts';
import { mediaPacket, noFlow, TestSource, videoMedia, VP8, vp8Payload } from './testing.ts';

function watchedTrack(media = videoMedia({ direction: 'sendonly' })) {
  const sent: RtpPacket[] = [];
  const track = new DownTrack({
    kind: 'video',
    flow: noFlow,
    send: (packet, headerLength) => {
      const parsed = RtpPacket.parse(Buffer.from(packet));
      if (!parsed) throw new Error('the down track sent what is no RTP packet');
      expect(parsed.headerLength).toBe(headerLength);
      sent.push(parsed);
    },
  });
  const source = new TestSource();
  track.negotiate(media);
  source.addSink(track);
  track.start();
  return { track, source, sent };
}

const distance = (from: number, to: number) => (to - from) & 0xffff;

describe('a down track', () => {
  it('asks for a key frame and sends nothing before it came', () => {
    const { source, sent } = watchedTrack();
    expect(source.keyframesAsked).toBeGreaterThan(0);
    source.give(mediaPacket({ sequence: 65534 }));
    expect(sent).toHaveLength(0);
    source.give(mediaPacket({ sequence: 65535, keyframe: true }));
    expect(sent).toHaveLength(1);
  });

  it('sends no part of what is too large for a datagram, also when it is missed', () => {
    const { track, source, sent } = watchedTrack();
    source.give(mediaPacket({ sequence: 1, keyframe: true }));
    const payload = Buffer.concat([vp8Payload(false), Buffer.alloc(4_000)]);
    source.give(mediaPacket({ sequence: 2, payload }));
    source.give(mediaPacket({ sequence: 3 }));
    track.handleNack([(sent[0].sequenceNumber + 1) & 0xffff], 1_000);
    expect(sent.map((packet) => distance(sent[0].sequenceNumber, packet.sequenceNumber))).toEqual([0, 2]);
  });

  it('sends nothing before its transport is up', () => {
    const sent: Buffer[] = [];
    const track = new DownTrack({ kind: 'video', flow: noFlow, send: (packet) => sent.push(packet) });
    const source = new TestSource();
    track.negotiate(videoMedia({ direction: 'sendonly' }));
    source.addSink(track);
    source.give(mediaPacket({ sequence: 1, keyframe: true }));
    expect(sent).toHaveLength(0);
  });

  it('keeps the distances of sequence and time over the wrap, under its own SSRC and payload type', () => {
    const { source, sent } = watchedTrack(
      videoMedia({ direction: 'sendonly', codecs: [{ ...VP8, payloadType: 120, rtxPayloadType: 121 }] }),
    );
    for (let sequence = 65534; sequence <= 65538; sequence++) {
      source.give(mediaPacket({ sequence, keyframe: sequence === 65534, timestamp: sequence * 3000 }));
    }
    expect(sent.map((packet) => packet.payloadType)).toEqual(Array(5).fill(120));
    expect(sent.map((packet) => packet.ssrc)).toEqual(Array(5).fill(2222));
    expect(sent.map((packet) => distance(sent[0].sequenceNumber, packet.sequenceNumber))).toEqual([
      0, 1, 2, 3, 4,
    ]);
    expect(sent.map((packet) => (packet.timestamp - sent[0].timestamp) >>> 0)).toEqual([
      0, 3000, 6000, 9000, 12000,
    ]);
    expect(sent[4].payload.toString()).toContain('packet 65538');
  });

  it('sends by the numbers of an answer that has others than our offer', () => {
    const sendCodecs = [{ ...VP8, payloadType: 120, rtxPayloadType: 121 }];
    const { source, sent } = watchedTrack({ ...videoMedia({ direction: 'sendonly' }), sendCodecs });
    source.give(mediaPacket({ sequence: 65535, keyframe: true }));
    expect(sent.map(({ payloadType }) => payloadType)).toEqual([120]);
  });

  it('sends a late packet under its own number, and none from before the key frame', () => {
    const { source, sent } = watchedTrack();
    source.give(mediaPacket({ sequence: 65535, keyframe: true }));
    source.give(mediaPacket({ sequence: 65537 }));
    source.give(mediaPacket({ sequence: 65536 }));
    source.give(mediaPacket({ sequence: 65534 }));
    expect(sent.map((packet) => distance(sent[0].sequenceNumber, packet.sequenceNumber))).toEqual([0, 2, 1]);
  });

  it('answers a NACK by RTX with the original payload, over the wrap, and not twice within a round trip', () => {
    const { track, source, sent } = watchedTrack();
    for (let sequence = 65534; sequence <= 65540; sequence++) {
      source.give(mediaPacket({ sequence, keyframe: sequence === 65534 }));
    }
    const lost = sent[3];
    track.handleNack([lost.sequenceNumber], 1000);
    track.handleNack([lost.sequenceNumber], 1001);
    expect(sent).toHaveLength(8);
    const rtx = sent[7];
    expect([rtx.ssrc, rtx.payloadType]).toEqual([2223, 97]);
    const media = unwrapRtx(rtx, lost.ssrc, lost.payloadType);
    expect(media && Buffer.compare(media, lost.bytes)).toBe(0);
    track.handleNack([lost.sequenceNumber], 2000);
    expect(sent).toHaveLength(9);
  });

  it('without RTX sends a lost packet again to the byte', () => {
    const { track, source, sent } = watchedTrack(
      videoMedia({
        direction: 'sendonly',
        codecs: [{ ...VP8, rtxPayloadType: undefined }],
        localRtxSsrc: undefined,
      }),
    );
    source.give(mediaPacket({ sequence: 65535, keyframe: true }));
    source.give(mediaPacket({ sequence: 65536 }));
    track.handleNack([sent[1].sequenceNumber], 1000);
    expect(Buffer.compare(sent[2].bytes, sent[1].bytes)).toBe(0);
  });

  it('sends a packet again as what it was, also when the source has changed its codec since', () => {
    const H264 = { ...VP8, name: 'H264' as const, payloadType: 102, rtxPayloadType: undefined };
    const { track, source, sent } = watchedTrack(
      videoMedia({ direction: 'sendonly', codecs: [{ ...VP8, rtxPayloadType: undefined }, H264] }),
    );
    source.give(mediaPacket({ sequence: 1, keyframe: true }));
    source.give({ ...mediaPacket({ sequence: 2, keyframe: true }), codec: H264 });
    track.handleNack([sent[0].sequenceNumber], 1000);
    expect(Buffer.compare(sent[2].bytes, sent[0].bytes)).toBe(0);
  });

  it('sends no packet again without end, however often it is asked', () => {
    const { track, source, sent } = watchedTrack();
    source.give(mediaPacket({ sequence: 1, keyframe: true }));
    for (let now = 0; now < 100_000; now += 1000) track.handleNack([sent[0].sequenceNumber], now);
    expect(sent).toHaveLength(1 + 10);
  });

  it('sends no more again than it sent meanwhile, and a burst, however much a receiver says it misses', () => {
    const { track, source, sent } = watchedTrack();
    const payload = Buffer.concat([vp8Payload(false), Buffer.alloc(1_400)]);
    const give = (from: number, packets: number) => {
      for (let sequence = from; sequence < from + packets; sequence++)
        source.give(mediaPacket({ sequence, payload, keyframe: sequence === 65_000 }));
    };
    const askForAll = (): number => {
      const before = sent.length;
      const all = sent.filter(({ ssrc }) => ssrc === 2222).map(({ sequenceNumber }) => sequenceNumber);
      for (let round = 0; round < 5; round++) track.handleNack(all, (now += 1_000));
      return sent.length - before;
    };
    let now = 0;
    give(65_000, 1_000);
    // An outage of a second at 12 Mbit/s is made good at once, and then only what came since.
    const burst = askForAll();
    expect(burst).toBeGreaterThan(1_000);
    expect(burst).toBeLessThan(1_100);
    give(66_000, 200);
    expect(askForAll()).toBeGreaterThanOrEqual(200);
    expect(sent.length).toBeLessThanOrEqual(1_200 + burst + 201);
  });

  it('leaves out header extensions that only the two-byte form can hold', () => {
    const uri = 'urn:3gpp:video-orientation';
    const source = Object.assign(new TestSource(), { headerExtensions: [{ id: 3, uri }] });
    const { track, sent } = watchedTrack(
      videoMedia({ direction: 'sendonly', headerExtensions: [{ id: 5, uri }] }),
    );
    source.addSink(track);
    const packet = mediaPacket({ sequence: 1, keyframe: true });
    for (const length of [0, 17]) {
      const extensions = Buffer.alloc(4 + 20);
      extensions.set([0x10, 0x00, 0, 5, 3, length]);
      const head = Buffer.from(packet.rtp.bytes.subarray(0, 12));
      head[0] |= 0x10;
      const rtp = RtpPacket.parse(Buffer.concat([head, extensions, packet.rtp.payload]));
      if (!rtp) throw new Error('the packet made for a test does not parse');
      expect(rtp.extension(3)).toHaveLength(length);
      source.give({ ...packet, rtp, extendedSequence: 1 + length });
    }
    expect(sent).toHaveLength(2);
    expect(sent.map((each) => each.extension(5))).toEqual([undefined, undefined]);
  });

  it('ignores a NACK for what was never sent', () => {
    const { track, source, sent } = watchedTrack();
    source.give(mediaPacket({ sequence: 10, keyframe: true }));
    track.handleNack([(sent[0].sequenceNumber + 1) & 0xffff, (sent[0].sequenceNumber - 1) & 0xffff], 1000);
    expect(sent).toHaveLength(1);
  });

  it('goes on in sequence and time when the source is replaced, from a key frame of the new one', () => {
    const { track, source, sent } = watchedTrack();
    source.give(mediaPacket({ sequence: 65535, keyframe: true, timestamp: 5, arrivedAt: 1000 }));
    source.removeSink(track);
    const other = new TestSource();
    other.ssrc = 3333;
    other.addSink(track);
    expect(other.keyframesAsked).toBe(1);
    other.give(mediaPacket({ sequence: 7, ssrc: 3333, timestamp: 4_000_000_000, arrivedAt: 1100 }));
    other.give(
      mediaPacket({ sequence: 8, ssrc: 3333, timestamp: 4_000_003_000, keyframe: true, arrivedAt: 1133 }),
    );
    expect(sent).toHaveLength(2);
    expect(distance(sent[0].sequenceNumber, sent[1].sequenceNumber)).toBe(1);
    expect((sent[1].timestamp - sent[0].timestamp) >>> 0).toBe(133 * 90);
  });

  it('says so when the receiver agreed on no codec of the source, and sends nothing', () => {
    const { track, source, sent } = watchedTrack(
      videoMedia({ direction: 'sendonly', codecs: [{ ...VP8, name: 'VP9' }] }),
    );
    source.give(mediaPacket({ sequence: 1, keyframe: true }));
    expect(sent).toHaveLength(0);
    expect(track.codecMismatch).toMatchObject({ source: { name: 'VP8' }, agreed: [{ name: 'VP9' }] });
  });

  it('begins anew when the source comes back from a codec that cannot be sent', () => {
    const { source, sent } = watchedTrack();
    const VP9 = { ...VP8, name: 'VP9' as const };
    source.give(mediaPacket({ sequence: 1, keyframe: true }));
    for (const sequence of [2, 40_002])
      source.give({ ...mediaPacket({ sequence, keyframe: true }), codec: VP9 });
    source.give(mediaPacket({ sequence: 40_003 }));
    source.give(mediaPacket({ sequence: 40_004, keyframe: true }));
    expect(sent).toHaveLength(2);
    expect(distance(sent[0].sequenceNumber, sent[1].sequenceNumber)).toBe(1);
  });

  it("reports nothing of a new source's clock before it has a packet of it", () => {
    const { track, source } = watchedTrack();
    source.clockMapping = { rtpTimestamp: 0, ntpMs: 3_900_000_000_000, learnedAt: 0 };
    source.give(mediaPacket({ sequence: 1, keyframe: true }));
    source.removeSink(track);
    const other = new TestSource();
    other.clockMapping = { rtpTimestamp: 0x8000_0000, ntpMs: 3_900_000_000_000, learnedAt: 0 };
    other.addSink(track);
    expect(track.senderReport(100)).toBeUndefined();
  });

  it("carries the sender's clock over to its own timestamps in sender reports", () => {
    const { track, source, sent } = watchedTrack();
    expect(track.senderReport(0)).toBeUndefined();
    source.clockMapping = { rtpTimestamp: 0xffff_fff0, ntpMs: 3_900_000_000_000, learnedAt: 500 };
    source.give(
      mediaPacket({ sequence: 1, keyframe: true, timestamp: 0xffff_fff0, payload: vp8Payload(true) }),
    );
    const [report] = parseRtcp(track.senderReport(600) ?? Buffer.alloc(0));
    if (report?.type !== 'sender-report') throw new Error('no sender report');
    expect(report.ssrc).toBe(2222);
    expect(report.ntpMs).toBeCloseTo(3_900_000_000_100, 0);
    expect((report.rtpTimestamp - sent[0].timestamp) >>> 0).toBe(100 * 90);
    expect(report.packetCount).toBe(1);
  });

  it('measures the round trip from the answer to its report', () => {
    const { track, source } = watchedTrack();
    source.clockMapping = { rtpTimestamp: 0, ntpMs: 3_900_000_000_000, learnedAt: 0 };
    source.give(mediaPacket({ sequence: 1, keyframe: true }));
    const report = track.senderReport(1000) ?? Buffer.alloc(0);
    const lastSenderReport = ((report.readUInt16BE(10) << 16) | report.readUInt16BE(12)) >>> 0;
    track.handleReportBlock(
      {
        ssrc: 2222,
        fractionLost: 0,
        cumulativeLost: 0,
        highestSequence: 1,
        jitter: 0,
        lastSenderReport,
        delaySinceLastSenderReport: 65_536 / 2,
      },
      1580,
    );
    expect(track.statistics.roundTripMs).toBeCloseTo(80, 0);
  });
});
