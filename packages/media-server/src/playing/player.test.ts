import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FileFrame } from './file-tracks.ts';
import { PlayedTrack } from './played-track.ts';
import { Player, type Playable } from './player.ts';
import { Viewer } from './testing/viewer.ts';

const VP8 = { name: 'VP8', kind: 'video', clockRate: 90_000, channels: 1, parameters: {} } as const;

afterEach(() => vi.restoreAllMocks());

/** A key frame whose bytes are of no meaning. */
function frame(at: number, duration = 40): FileFrame {
  return { kind: 'video', data: Buffer.alloc(20, 1), keyframe: true, timestamp: 0, at, duration };
}

function playable(...frames: readonly FileFrame[]): Playable {
  return {
    duration: undefined,
    isSeekable: false,
    format: 'made by hand',
    unplayable: [],
    codec: () => VP8,
    keyframeBefore: () => Promise.resolve(0),
    frames: async function* () {
      await turn();
      yield* frames;
    },
    close: () => Promise.resolve(),
  };
}

describe('Player', () => {
  it('waits for a frame that is weeks away, instead of looking for it every millisecond', async () => {
    const delays = vi.spyOn(globalThis, 'setTimeout');
    const track = new PlayedTrack('video', { packet: () => undefined });
    track.setCodec(VP8);
    const viewer = new Viewer('video').watch(track);
    const file = playable(frame(0), frame(40 * 24 * 3_600_000));
    const player = new Player(file, new Map([['video', track]]), { ended: vi.fn(), failed: vi.fn() });
    player.play();
    await vi.waitFor(() => expect(delays.mock.calls.map(([, delay]) => delay)).toContain(2 ** 31 - 1), {
      timeout: 10_000,
    });
    expect(viewer.packets).toHaveLength(1);
    await player.close();
  });

  it('shows the last frame for a minute at most, however long the file says that it lasts', async () => {
    const delays = vi.spyOn(globalThis, 'setTimeout');
    const track = new PlayedTrack('video', { packet: () => undefined });
    track.setCodec(VP8);
    const viewer = new Viewer('video').watch(track);
    const file = playable(frame(0, 50 * 365 * 24 * 3_600_000));
    const player = new Player(file, new Map([['video', track]]), { ended: vi.fn(), failed: vi.fn() });
    player.play();
    // Of the minute, what the test takes itself is gone already.
    const longest = () => Math.max(...delays.mock.calls.map(([, delay]) => delay ?? 0));
    await vi.waitFor(() => expect(longest()).toBeGreaterThan(30_000), { timeout: 10_000 });
    expect(longest()).toBeLessThanOrEqual(60_000);
    expect(viewer.packets).toHaveLength(1);
    await player.close();
  });
});
