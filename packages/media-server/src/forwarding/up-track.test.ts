import { parseRtcp, RtpPacket, writeRtx } from '@parley/rtc';
import { describe, expect, it } from 'vitest';
import { noFlow, rtpPacket, videoMedia, VP8, vp8Payload } from './testing.ts';
import type { MediaPacket, MediaSink } from './track.ts';
import { UpTrack } from './up-track.ts';

class Collector implements MediaSink {
  readonly kind = 'video';
  readonly packets: MediaPacket[] = [];
  sources = 0;

  sourceChanged(): void {
    this.sources++;
  }

  write(packet: MediaPacket): void {
    this.packets.push(packet);
  }
}

function receivingTrack(media = videoMedia()) {
  const feedback: ReturnType<typeof parseRtcp> = [];
  const track = new UpTrack({
    kind: 'video',
    flow: noFlow,
    sendFeedback: (packet) => feedback.push(...parseRtcp(packet)),
  });
  track.negotiate(media);
  const sink = new Collector();
  track.addSink(sink);
  return { track, sink, feedback };
}

const sequences = (sink: Collector) => sink.packets.map((packet) => packet.extendedSequence);

describe('an up track', () => {
  it('hands each packet on once, duplicates and all, over the wrap', () => {
    const { track, sink } = receivingTrack();
    for (const sequence of [65534, 65535, 65535, 0, 65534, 1, 0]) track.receive(rtpPacket({ sequence }), 0);
    expect(sequences(sink)).toEqual([65534, 65535, 65536, 65537]);
  });

  it('hands late packets on under their own number', () => {
    const { track, sink } = receivingTrack();
    for (const sequence of [65534, 0, 65535, 2, 1]) track.receive(rtpPacket({ sequence }), 0);
    expect(sequences(sink)).toEqual([65534, 65536, 65535, 65538, 65537]);
  });

  it('asks for what is missing over the wrap, and takes it from RTX as if it had never been lost', () => {
    const { track, sink, feedback } = receivingTrack();
    for (const sequence of [65533, 65534, 1, 2, 3]) track.receive(rtpPacket({ sequence }), 100);
    track.tick(130);
    expect(feedback).toEqual([
      expect.objectContaining({ type: 'nack', mediaSsrc: 1111, sequences: [65535, 0] }),
    ]);

    const payload = vp8Payload(false, 'packet 65535');
    const target = Buffer.alloc(200);
    const length = writeRtx(
      target,
      { marker: true, sequenceNumber: 65535, timestamp: 9, payload },
      1112,
      97,
      1,
    );
    const rtx = RtpPacket.parse(target.subarray(0, length));
    if (rtx) track.receive(rtx, 150);
    const last = sink.packets.at(-1);
    expect(last?.extendedSequence).toBe(65535);
    expect(last?.rtp.ssrc).toBe(1111);
    expect(last?.rtp.payload.equals(payload)).toBe(true);
    expect(track.packetAt(65535)).toBe(last);
  });

  it('hands nothing on by RTX that is older than its memory of what it handed on', () => {
    const { track, sink } = receivingTrack();
    for (let sequence = 0; sequence <= 2000; sequence++) track.receive(rtpPacket({ sequence }), sequence);
    const target = Buffer.alloc(200);
    const media = { marker: true, sequenceNumber: 5, timestamp: 9, payload: vp8Payload(true, 'another') };
    const rtx = RtpPacket.parse(target.subarray(0, writeRtx(target, media, 1112, 97, 1)));
    if (!rtx) throw new Error('the RTX packet does not parse');
    track.receive(rtx, 2001);
    expect(sink.packets).toHaveLength(2001);
  });

  it('takes a probe of nothing but padding on the RTX stream for nothing', () => {
    const { track, sink } = receivingTrack();
    track.receive(rtpPacket({ sequence: 10 }), 0);
    track.receive(rtpPacket({ sequence: 5, ssrc: 1112, payloadType: 97, payload: Buffer.alloc(0) }), 1);
    expect(sequences(sink)).toEqual([10]);
  });

  it('merges the key frame requests of many receivers into one PLI', () => {
    const { track, feedback } = receivingTrack();
    track.receive(rtpPacket({ sequence: 1 }), 0);
    for (let receiver = 0; receiver < 50; receiver++) track.requestKeyframe();
    expect(feedback.filter(({ type }) => type === 'pli')).toHaveLength(1);
  });

  it('asks by FIR where the sender knows no PLI', () => {
    const codec = { ...VP8, feedback: { ...VP8.feedback, pli: false } };
    const { track, feedback } = receivingTrack(videoMedia({ codecs: [codec] }));
    track.requestKeyframe();
    expect(feedback).toEqual([
      expect.objectContaining({ type: 'fir', entries: [{ ssrc: 1111, sequence: 1 }] }),
    ]);
  });

  it('marks where a decoder can start', () => {
    const { track, sink } = receivingTrack();
    track.receive(rtpPacket({ sequence: 1, payload: vp8Payload(false) }), 0);
    track.receive(rtpPacket({ sequence: 2, payload: vp8Payload(true) }), 0);
    expect(sink.packets.map((packet) => packet.startsKeyframe)).toEqual([false, true]);
  });

  it('drops what was not agreed and what is too large to be sent on', () => {
    const { track, sink } = receivingTrack();
    track.receive(rtpPacket({ sequence: 1, payloadType: 100 }), 0);
    track.receive(rtpPacket({ sequence: 2, payload: Buffer.alloc(1500) }), 0);
    expect(sink.packets).toHaveLength(0);
  });

  it('starts over, and says so to its sinks, when the sender changes its SSRC', () => {
    const { track, sink } = receivingTrack();
    track.receive(rtpPacket({ sequence: 65534 }), 0);
    const before = sink.sources;
    track.receive(rtpPacket({ sequence: 7, ssrc: 4444 }), 0);
    expect(sink.sources).toBe(before + 1);
    expect(track.ssrc).toBe(4444);
    expect(track.packetAt(65534)).toBeUndefined();
    expect(sequences(sink)).toEqual([65534, 7]);
  });

  it('takes retransmissions from the SSRC that comes with a new one of the media', () => {
    const { track, sink } = receivingTrack();
    track.receive(rtpPacket({ sequence: 65534 }), 0);
    for (const sequence of [7, 9]) track.receive(rtpPacket({ sequence, ssrc: 4444 }), 0);
    const target = Buffer.alloc(200);
    const media = { marker: true, sequenceNumber: 8, timestamp: 9, payload: vp8Payload(false) };
    const rtx = RtpPacket.parse(target.subarray(0, writeRtx(target, media, 4445, 97, 1)));
    if (!rtx) throw new Error('the RTX packet does not parse');
    track.receive(rtx, 1);
    expect(sequences(sink)).toEqual([65534, 7, 9, 8]);
  });

  it('hands nothing on after it was closed', () => {
    const { track, sink } = receivingTrack();
    track.close();
    track.receive(rtpPacket({ sequence: 1 }), 0);
    expect(sink.packets).toHaveLength(0);
  });
});
