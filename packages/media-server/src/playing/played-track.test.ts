import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection, DEFAULT_DESCRIPTION, type MediaEnd } from '../elements/connections.ts';
import { PlayedTrack } from './played-track.ts';
import { Viewer } from './testing/viewer.ts';

const VP8 = { name: 'VP8', kind: 'video', clockRate: 90_000, channels: 1, parameters: {} } as const;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('PlayedTrack', () => {
  it('keeps some seconds of what is due at once, and goes on with a key frame when they have left', () => {
    const track = new PlayedTrack('video', { packet: () => undefined });
    track.setCodec(VP8);
    const viewer = new Viewer('video').watch(track);
    const send = (keyframe: boolean, fill: number): void =>
      track.send({ data: Buffer.alloc(20_000, fill), keyframe, timestamp: 0 }, performance.now());
    send(true, 0);
    for (let count = 0; count < 20_000; count++) send(false, 1);
    // The second one comes too early, and the third one would not be understood without a key frame.
    send(true, 2);
    vi.advanceTimersByTime(60_000);
    send(false, 3);
    vi.advanceTimersByTime(60_000);
    const before = viewer.packets.length;
    // Of 20,000 frames of 17 packets or so.
    expect(before).toBeGreaterThan(8_000);
    expect(before).toBeLessThan(200_000);
    expect(viewer.frames.some(({ data }) => data[100] >= 2)).toBe(false);
    send(true, 4);
    vi.advanceTimersByTime(1_000);
    expect(viewer.frames.at(-1)?.data[100]).toBe(4);
  });

  it('sends the picture again to who asks for it, and not because somebody measures how late it comes', () => {
    const track = new PlayedTrack('video', { packet: () => undefined });
    track.setCodec(VP8);
    const viewer = new Viewer('video');
    const none: MediaEnd = {
      source: () => undefined,
      sink: () => undefined,
      dataSource: () => undefined,
      dataSink: () => undefined,
    };
    const from = { ...none, source: () => track };
    const to = { ...none, sink: () => viewer };
    const connection = new Connection<MediaEnd>(from, to, 'VIDEO', DEFAULT_DESCRIPTION, DEFAULT_DESCRIPTION);
    connection.wire();
    const frame = { data: Buffer.alloc(100), keyframe: true, timestamp: 0 };
    track.send(frame, performance.now());
    for (const measured of [true, false, true]) {
      connection.measure(measured);
      vi.advanceTimersByTime(2_000);
    }
    expect(viewer.packets).toHaveLength(1);
    track.requestKeyframe();
    vi.advanceTimersByTime(2_000);
    expect(viewer.packets).toHaveLength(2);
    expect(connection.probe?.input.averageNs).toBeGreaterThanOrEqual(0);
  });
});
