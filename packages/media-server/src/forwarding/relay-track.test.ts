import { describe, expect, it } from 'vitest';
import { DownTrack } from './down-track.ts';
import { MAX_RELAYS_IN_A_ROW } from './passage.ts';
import { RelayTrack } from './relay-track.ts';
import { mediaPacket, noFlow, TestSource, videoMedia } from './testing.ts';
import type { MediaPacket, MediaSink, MediaSource } from './track.ts';
import { leastBitrate } from './video-bounds.ts';

class TestSink implements MediaSink {
  readonly kind = 'video';
  readonly got: MediaPacket[] = [];
  readonly sources: (MediaSource | undefined)[] = [];
  maxBitrate = 0;
  ends = 0;

  sourceChanged(source: MediaSource | undefined): void {
    this.sources.push(source);
  }

  write(packet: MediaPacket): void {
    this.got.push(packet);
  }

  ended(): void {
    this.ends++;
  }
}

let tooLong = 0;
const relay = () => new RelayTrack({ kind: 'video', flow: noFlow, chainTooLong: () => tooLong++ });

function hang(source: MediaSource, sink: MediaSink): void {
  sink.sourceChanged(source);
  source.addSink(sink);
}

/** `length` relays, each fed by the one before. */
function chain(length: number): RelayTrack[] {
  const relays = Array.from({ length }, relay);
  for (let at = 1; at < length; at++) hang(relays[at - 1], relays[at]);
  return relays;
}

describe('RelayTrack', () => {
  it('hands on the very packets, and is what its source is', () => {
    const [source, middle, sink] = [new TestSource(), relay(), new TestSink()];
    source.clockMapping = { rtpTimestamp: 5, ntpMs: 7, learnedAt: 9 };
    hang(middle, sink);
    expect([middle.codec, middle.ssrc, middle.packetAt(65_535)]).toEqual([undefined, undefined, undefined]);
    hang(source, middle);
    const packet = mediaPacket({ sequence: 65_535 });
    source.give(packet);
    expect(sink.got[0]).toBe(packet);
    expect(middle.packetAt(65_535)).toBe(packet);
    expect([middle.codec, middle.ssrc, middle.clockMapping]).toEqual([
      source.codec,
      source.ssrc,
      source.clockMapping,
    ]);
    middle.ended();
    expect(sink.ends).toBe(1);
  });

  it('tells its sinks when its source begins anew, is replaced or goes', () => {
    const [middle, sink] = [relay(), new TestSink()];
    hang(middle, sink);
    const source = new TestSource();
    for (const each of [source, source, undefined, new TestSource()]) middle.sourceChanged(each);
    expect(sink.sources).toEqual([middle, middle, middle, undefined, middle]);
  });

  it('lets a receiver behind it ask for key frames and lost packets, across a change of source', () => {
    const sent: Buffer[] = [];
    const down = new DownTrack({
      kind: 'video',
      flow: noFlow,
      send: (bytes) => sent.push(Buffer.from(bytes)),
    });
    down.negotiate(videoMedia({ direction: 'sendonly' }));
    down.start();
    const [first, second, near, far] = [new TestSource(), new TestSource(), relay(), relay()];
    hang(far, down);
    hang(near, far);
    hang(first, near);
    expect(first.keyframesAsked).toBeGreaterThan(0);
    first.give(mediaPacket({ sequence: 65_535, keyframe: true }));
    first.give(mediaPacket({ sequence: 65_536 }));
    first.removeSink(near);
    hang(second, near);
    expect(second.keyframesAsked).toBeGreaterThan(0);
    second.give(mediaPacket({ sequence: 9, ssrc: 3333, keyframe: true }));
    expect(sent).toHaveLength(3);
    const numbers = sent.map((bytes) => bytes.readUInt16BE(2));
    expect(numbers.map((number) => (number - numbers[0]) & 0xffff)).toEqual([0, 1, 2]);
    down.handleNack([numbers[2]], 1_000);
    expect(sent).toHaveLength(4);
  });

  it('ends what goes round in a circle, and still serves who hangs on it', () => {
    const [one, two, sink] = [relay(), relay(), new TestSink()];
    hang(one, two);
    hang(two, one);
    hang(one, one);
    hang(two, sink);
    const packet = mediaPacket({ sequence: 1 });
    one.write(packet);
    one.ended();
    two.requestKeyframe();
    expect([one.codec, one.ssrc, one.packetAt(1), two.maxBitrate, sink.got, sink.ends]).toEqual([
      undefined,
      undefined,
      undefined,
      0,
      [packet],
      1,
    ]);
  });

  it('goes through as many relays as a pipeline needs, and leaves those behind them without media', () => {
    tooLong = 0;
    const [source, sink, lost] = [new TestSource(), new TestSink(), new TestSink()];
    const relays = chain(MAX_RELAYS_IN_A_ROW + 5_000);
    hang(relays[MAX_RELAYS_IN_A_ROW - 1], sink);
    hang(relays[relays.length - 1], lost);
    hang(source, relays[0]);
    tooLong = 0;
    for (const sequence of [1, 2]) source.give(mediaPacket({ sequence }));
    expect([sink.got.length, lost.got.length, tooLong]).toEqual([2, 0, 2]);
    expect(relays[relays.length - 1].codec).toBeUndefined();
  });

  it('bears what the least of its sinks bears, and what it is told itself', () => {
    const [middle, one, two] = [relay(), new TestSink(), new TestSink()];
    for (const sink of [one, two]) hang(middle, sink);
    expect(middle.maxBitrate).toBe(0);
    one.maxBitrate = 300_000;
    expect(leastBitrate([middle])).toBe(300_000);
    two.maxBitrate = 200_000;
    expect(middle.maxBitrate).toBe(200_000);
    middle.maxBitrate = 100_000;
    expect(leastBitrate([middle], 150_000)).toBe(100_000);
  });
});
