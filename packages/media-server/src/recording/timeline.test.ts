import { describe, expect, it } from 'vitest';
import type { ClockMapping, MediaKind } from '../forwarding/track.ts';
import { Timeline, type FrameTime } from './timeline.ts';

const RATE: Record<MediaKind, number> = { audio: 48_000, video: 90_000 };

function frame(kind: MediaKind, rtpMs: number, arrivedAt: number, clockMapping?: ClockMapping): FrameTime {
  return { kind, ticks: (rtpMs * RATE[kind]) / 1000, clockRate: RATE[kind], arrivedAt, clockMapping };
}

/** The sender's wall clock at RTP time 0 of a track. */
function mapping(ntpMs: number): ClockMapping {
  return { rtpTimestamp: 0, ntpMs, learnedAt: 0 };
}

describe('Timeline', () => {
  it('begins at the first frame and follows the RTP clock, not the jitter of arrival', () => {
    const timeline = new Timeline();
    expect(timeline.place(frame('audio', 1000, 50_000))).toBe(0);
    expect(timeline.place(frame('audio', 1020, 50_090))).toBeCloseTo(20);
    expect(timeline.place(frame('audio', 1040, 50_091))).toBeCloseTo(40);
  });

  it('aligns the tracks by arrival as long as the sender has not told its clocks', () => {
    const timeline = new Timeline();
    timeline.place(frame('audio', 7000, 50_000));
    expect(timeline.place(frame('video', 123_456, 50_300))).toBe(300);
  });

  it('aligns the picture with the sound by the sender reports that are known at its first frame', () => {
    const timeline = new Timeline();
    timeline.place(frame('audio', 7000, 50_000, mapping(1_000_000)));
    // Taken 100 ms after the sound, arrived 300 ms after it.
    expect(timeline.place(frame('video', 500, 50_300, mapping(1_006_600)))).toBeCloseTo(100);
  });

  it('moves the picture gently when the reports come later', () => {
    const timeline = new Timeline();
    timeline.place(frame('audio', 0, 50_000));
    expect(timeline.place(frame('video', 0, 50_060))).toBe(60);
    const places = Array.from({ length: 100 }, (_, index) => {
      const at = (index + 1) * 40;
      timeline.place(frame('audio', at, 50_000 + at, mapping(1_000_000)));
      return timeline.place(frame('video', at, 50_060 + at, mapping(1_000_000)));
    });
    const steps = places.slice(1).map((place, index) => place - places[index]);
    expect(Math.min(...steps)).toBeCloseTo(38);
    expect(places.at(-1)).toBeCloseTo(4000);
  });

  it('does not believe reports of two hosts whose clocks are seconds apart', () => {
    const timeline = new Timeline();
    timeline.place(frame('audio', 0, 50_000, mapping(1_000_000)));
    expect(timeline.place(frame('video', 0, 50_010, mapping(1_030_000)))).toBe(10);
  });

  it('reads reports across the wrap of the RTP clock', () => {
    const timeline = new Timeline();
    const before: ClockMapping = { rtpTimestamp: 2 ** 32 - 4800, ntpMs: 1_000_000, learnedAt: 0 };
    timeline.place({
      kind: 'audio',
      ticks: 2 ** 32 + 4800,
      clockRate: 48_000,
      arrivedAt: 50_000,
      clockMapping: before,
    });
    // 200 ms after the report: 50 ms after the sound's frame.
    expect(timeline.place(frame('video', 0, 50_000, mapping(1_000_250)))).toBeCloseTo(50);
  });

  it('goes by arrival when the RTP clock jumps by more than a network can delay', () => {
    const timeline = new Timeline();
    timeline.place(frame('video', 0, 50_000));
    expect(timeline.place(frame('video', 90_000_000, 50_040))).toBe(40);
    expect(timeline.place(frame('video', 90_000_040, 50_090))).toBeCloseTo(80);
  });

  it('takes pauses out', () => {
    const timeline = new Timeline();
    timeline.skip(500);
    timeline.place(frame('audio', 0, 50_000));
    timeline.skip(10_000);
    expect(timeline.place(frame('audio', 10_020, 60_020))).toBeCloseTo(20);
    timeline.restart('audio');
    expect(timeline.place(frame('audio', 5, 60_040))).toBeCloseTo(40);
  });
});
