import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MediaReaders } from '../playing/reading/media-readers.ts';
import { countlessBlocks } from '../playing/testing/crafted-media.ts';
import { Viewer } from '../playing/testing/viewer.ts';
import { CLIP, contents, readClip, type Clip } from '../recording/testing/clip.ts';
import { ElementBench } from '../recording/testing/element-bench.ts';
import { PlayerEndpoint } from './player-endpoint.ts';
import { RecorderEndpoint } from './recorder-endpoint.ts';

let bench: ElementBench;
let clip: Clip;

beforeEach(async () => {
  bench = new ElementBench();
  clip = await readClip(CLIP);
  copyFileSync(CLIP, join(bench.data, 'clip.webm'));
});

afterEach(() => bench.close());

function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 30_000, interval: 2 });
}

function steps(values: readonly number[]): number[] {
  return values.slice(1).map((value, index) => value - values[index]);
}

/** What is played is read by a process of its own, whose start takes its time on a busy machine. */
describe('PlayerEndpoint', { timeout: 60_000 }, () => {
  it('plays what the file holds in real time, and tells its end once', async () => {
    const player = bench.make(PlayerEndpoint, { uri: 'file:clip.webm' });
    const audio = new Viewer('audio').watch(player.source('audio'));
    const video = new Viewer('video').watch(player.source('video'));
    player.play();
    const startedAt = performance.now();
    await bench.saw('EndOfStream');
    expect(performance.now() - startedAt).toBeGreaterThan(1900);
    expect(bench.log()).toEqual(['START', 'STOP', 'EndOfStream']);
    expect(contents(audio.frames)).toEqual(contents(clip.audio));
    expect(contents(video.frames)).toEqual(contents(clip.video));
    for (const { packets } of [audio, video])
      expect(steps(packets.map(({ extendedSequence }) => extendedSequence)).every((step) => step === 1)).toBe(
        true,
      );
    expect(steps(video.frames.map(({ timestamp }) => timestamp)).every((step) => step === 40 * 90)).toBe(
      true,
    );
    expect(player.position).toBe(0);
    const last = video.packets.at(-1);
    expect(last && player.source('video')?.packetAt(last.extendedSequence)).toBe(last);
  });

  it('is recorded again frame by frame, the tracks in time with each other', async () => {
    const player = bench.make(PlayerEndpoint, { uri: 'clip.webm' });
    const recorders = ['one.webm', 'two.webm'].map((uri) =>
      bench.make(RecorderEndpoint, { uri, stopOnEndOfStream: true }),
    );
    for (const recorder of recorders) {
      player.connect(recorder);
      recorder.record();
    }
    player.play();
    await bench.saw('EndOfStream');
    await eventually(() => expect(bench.log().filter((line) => line === 'Stopped').length).toBe(2));
    for (const name of ['one.webm', 'two.webm']) {
      const result = await readClip(join(bench.data, name));
      expect(contents(result.audio)).toEqual(contents(clip.audio));
      expect(contents(result.video)).toEqual(contents(clip.video));
      const offsets = result.video.map(({ at }, index) => at - clip.video[index].at);
      expect(Math.max(...offsets.map(Math.abs))).toBeLessThanOrEqual(2);
    }
  });

  it('gives a viewer that comes late the picture since the last key frame at once', async () => {
    const player = bench.make(PlayerEndpoint, { uri: 'clip.webm' });
    const early = new Viewer('video').watch(player.source('video'));
    player.play();
    await eventually(() => expect(early.frames.length).toBeGreaterThanOrEqual(10));
    const late = new Viewer('video').watch(player.source('video'));
    const seen = early.frames.length;
    await eventually(() => expect(late.frames.length).toBeGreaterThan(seen));
    player.pause();
    const start = early.frames.slice(0, seen).findLastIndex(({ keyframe }) => keyframe);
    expect(contents(late.frames.slice(0, seen - start))).toEqual(contents(early.frames.slice(start, seen)));
    const sequences = early.packets.map(({ extendedSequence }) => extendedSequence);
    expect(steps(sequences).every((step) => step === 1)).toBe(true);
    expect(steps(early.frames.map(({ timestamp }) => timestamp)).every((step) => step > 0)).toBe(true);
  });

  it('answers a request for a key frame soon after the start, also while it is paused', async () => {
    const player = bench.make(PlayerEndpoint, { uri: 'clip.webm' });
    const viewer = new Viewer('video').watch(player.source('video'));
    player.play();
    await eventually(() => expect(viewer.frames.length).toBeGreaterThanOrEqual(2));
    player.pause();
    const count = viewer.frames.length;
    const group = contents(viewer.frames.slice(viewer.frames.findLastIndex(({ keyframe }) => keyframe)));
    player.source('video')?.requestKeyframe();
    player.source('video')?.requestKeyframe();
    await eventually(() => expect(contents(viewer.frames.slice(count))).toEqual(group));
  });

  it('pauses, goes on, seeks to the key frame before, and begins at the start after stop', async () => {
    const player = bench.make(PlayerEndpoint, { uri: 'clip.webm' });
    const viewer = new Viewer('video').watch(player.source('video'));
    player.play();
    await eventually(() => expect(viewer.frames.length).toBeGreaterThan(1));
    expect(player.videoInfo).toEqual({
      isSeekable: true,
      seekableInit: 0,
      seekableEnd: 2008,
      duration: 2008,
    });
    player.pause();
    const at = player.position;
    expect(at).toBeGreaterThan(0);
    player.position = 1700;
    await eventually(() => expect(player.position).toBe(1607));
    const before = viewer.frames.length;
    player.play();
    await bench.saw('EndOfStream');
    expect(contents(viewer.frames.slice(before))).toEqual(
      contents(clip.video.filter((frame) => frame.at >= 1607)),
    );
    expect(
      steps(viewer.packets.map(({ extendedSequence }) => extendedSequence)).every((step) => step === 1),
    ).toBe(true);
    expect(bench.log()).toEqual(['START', 'PAUSE', 'START', 'STOP', 'EndOfStream']);
    viewer.frames.length = 0;
    player.play();
    await eventually(() => expect(contents(viewer.frames)[0]).toBe(contents(clip.video)[0]));
    player.stop();
    expect(player.position).toBe(0);
  });

  it('refuses places outside of the file, and all of them when nothing is played', async () => {
    const player = bench.make(PlayerEndpoint, { uri: 'clip.webm' });
    const seek = (position: number) => () => {
      player.position = position;
    };
    const refusal = expect.objectContaining({ code: 40700 }) as Error;
    expect(seek(0)).toThrow(refusal);
    player.play();
    await eventually(() => expect(player.videoInfo.duration).toBeGreaterThan(0));
    for (const position of [-1, 2009, NaN]) expect(seek(position)).toThrow(refusal);
    player.stop();
    expect(seek(100)).toThrow(refusal);
  });

  it('says in a sentence that a file is missing, foreign or not to be read', async () => {
    writeFileSync(join(bench.data, 'text.webm'), 'not a film'.repeat(100));
    writeFileSync(join(bench.base, 'secret.webm'), 'x');
    symlinkSync(join(bench.base, 'secret.webm'), join(bench.data, 'link.webm'));
    mkdirSync(join(bench.data, 'folder'));
    const unreachable = ['missing.webm', 'link.webm', 'folder', '/etc/passwd', 'rtsp://127.0.0.1/x', ''];
    for (const uri of ['text.webm', ...unreachable]) {
      const player = bench.make(PlayerEndpoint, { uri });
      bench.events.length = 0;
      player.play();
      expect(player.state).toBe('START');
      await bench.saw(/^Error/);
      expect(bench.log()).toEqual([
        'START',
        'STOP',
        expect.stringMatching(
          uri === 'text.webm' ? /^Error INVALID_MEDIA: .*text\.webm/ : /^Error INVALID_URI: /,
        ),
      ]);
    }
  });

  it('of a file that is made to fill the memory fails alone', async () => {
    const tight = new ElementBench(new MediaReaders({ maxHeapMb: 32 }));
    copyFileSync(CLIP, join(tight.data, 'clip.webm'));
    writeFileSync(join(tight.data, 'crafted.webm'), await countlessBlocks(400_000));
    const crafted = tight.make(PlayerEndpoint, { uri: 'crafted.webm' });
    const other = tight.make(PlayerEndpoint, { uri: 'clip.webm' });
    const viewer = new Viewer('video').watch(other.source('video'));
    crafted.play();
    other.play();
    await Promise.all([tight.saw('EndOfStream'), tight.saw(/^Error INVALID_MEDIA: .* cannot be played/)]);
    expect(contents(viewer.frames)).toEqual(contents(clip.video));
    expect([crafted.state, other.state]).toEqual(['STOP', 'STOP']);
    await tight.close();
  });

  it('ends silently when it is stopped or released while it opens its file', async () => {
    const player = bench.make(PlayerEndpoint, { uri: 'clip.webm' });
    const viewer = new Viewer('audio').watch(player.source('audio'));
    player.play();
    player.stop();
    player.play();
    await player.release();
    expect(viewer.packets).toEqual([]);
    expect(bench.log().filter((line) => line.startsWith('Error'))).toEqual([]);
  });
});
