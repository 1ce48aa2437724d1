import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MatroskaParser } from '../playing/matroska-parser.ts';
import type { FileFrame } from '../playing/media-file.ts';
import type { MediaKind } from '../forwarding/track.ts';
import { AppendFile, createFile } from './append-file.ts';
import { recordingProfile } from './profile.ts';
import { Recording } from './recording.ts';
import { CLIP, contents, H264_CLIP, readClip, type Clip } from './testing/clip.ts';
import { FakeSource, H264, OPUS, PCMU, VP8 } from './testing/fake-source.ts';
import { TrackRecorder } from './track-recorder.ts';

/** Time in these tests: ms of a clock that starts anywhere. */
const START = 1_000_000;

const SILENCE = contents([{ data: Uint8Array.of(0xf8, 0xff, 0xfe) }])[0];

let folder: string;
let path: string;
let clip: Clip;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-recording-'));
  path = join(folder, 'out.webm');
  clip = await readClip(CLIP);
});

afterEach(() => rm(folder, { recursive: true }));

/** A recording with its two tracks and sources, in a time of its own. */
class Bench {
  readonly audio = new FakeSource(OPUS);
  readonly video = new FakeSource(VP8);
  readonly log: string[] = [];
  readonly recording: Recording;
  readonly tracks: Record<MediaKind, TrackRecorder>;

  constructor(profile = 'WEBM', create: () => ReturnType<typeof createFile> = () => createFile(path)) {
    const track = (kind: MediaKind): TrackRecorder =>
      new TrackRecorder(kind, {
        packet: () => undefined,
        frame: (frame) => this.recording.frame(frame),
        restarted: () => this.recording.restarted(kind),
        ended: () => undefined,
      });
    this.tracks = { audio: track('audio'), video: track('video') };
    const sink = async (): Promise<AppendFile> => new AppendFile(await create());
    this.recording = new Recording(recordingProfile(profile), sink, (kind) => this.tracks[kind].codec, {
      writing: () => this.log.push('writing'),
      leftOut: (kind, reason) => this.log.push(`left out: ${kind}: ${reason}`),
      failed: (error) => this.log.push(`failed: ${error.message}`),
    });
  }

  start(kinds: readonly MediaKind[] = ['audio', 'video']): void {
    for (const kind of kinds) {
      this.tracks[kind].sourceChanged(this[kind]);
      this[kind].addSink(this.tracks[kind]);
    }
    for (const track of Object.values(this.tracks)) track.start(START);
  }

  tick(now: number): void {
    for (const track of Object.values(this.tracks)) track.tick(now);
    this.recording.tick(now);
  }

  /** Sends frames of the clip as they would come in a call, `shift` ms after the start, ticking meanwhile. */
  play(frames: readonly FileFrame[], shift = 0): void {
    const inOrder = [...frames].sort((a, b) => a.at - b.at);
    for (const frame of inOrder) {
      this.tick(START + shift + frame.at);
      this.send(frame, shift);
    }
  }

  send(frame: FileFrame, shift = 0, late = 0): void {
    const source = this[frame.kind];
    const ticks = Math.round(((frame.at + shift) * source.codec.clockRate) / 1000) - 5_000;
    source.send(frame, ticks, START + shift + frame.at + late);
  }

  /** Time passes and nothing comes. */
  silence(from: number, to: number): void {
    for (let at = from; at <= to; at += 20) this.tick(START + at);
  }

  /** The file is open and takes frames. */
  async writing(): Promise<void> {
    await eventually(() => expect(this.log).toContain('writing'));
  }

  async finish(): Promise<Clip> {
    for (const track of Object.values(this.tracks)) track.stop();
    expect(await this.recording.finish()).toBe('complete');
    return readClip(path);
  }
}

/** Writing takes its time on a busy machine. */
function eventually(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 10_000, interval: 10 });
}

/** What the file says of itself, in ms. */
async function toldDuration(): Promise<number | undefined> {
  const items = [...new MatroskaParser().push(await readFile(path))];
  return items.find((item) => item.type === 'head')?.duration;
}

function between(frames: readonly FileFrame[], from: number, to: number): FileFrame[] {
  return frames.filter(({ at }) => at >= from && at < to);
}

function gaps(frames: readonly FileFrame[]): number[] {
  return frames.slice(1).map(({ at }, index) => Math.round(at - frames[index].at));
}

describe('Recording', () => {
  it('writes the frames that came, in time, across the wrap of sequence numbers and timestamps', async () => {
    const bench = new Bench();
    bench.start();
    bench.play([...clip.audio, ...clip.video]);
    const result = await bench.finish();
    expect(contents(result.video)).toEqual(contents(clip.video));
    expect(contents(result.audio)).toEqual(contents(clip.audio));
    expect(gaps(result.video).every((gap) => gap === 40)).toBe(true);
    expect(bench.log).toEqual(['writing']);
  });

  it('begins video at a key frame and asks for one, again until it comes', async () => {
    const bench = new Bench('WEBM_VIDEO_ONLY');
    bench.start(['video']);
    expect(bench.video.keyframeRequests).toBe(1);
    bench.play(between(clip.video, 100, 800));
    bench.silence(800, 2200);
    expect(bench.video.keyframeRequests).toBe(3);
    expect(bench.log).toEqual([]);
    bench.play(between(clip.video, 800, 2000), 1500);
    const result = await bench.finish();
    expect(contents(result.video)).toEqual(contents(between(clip.video, 800, 2000)));
    expect(result.video[0]).toMatchObject({ at: 0, keyframe: true });
  });

  it('puts reordered packets right, drops repeated ones, and fills in a late one within its time', async () => {
    const bench = new Bench('WEBM_VIDEO_ONLY');
    bench.start(['video']);
    const packets = clip.video.flatMap((frame) =>
      bench.video.packets(frame, frame.at * 90, START + frame.at),
    );
    // The third comes two packets later, the fourth twice, and each pair after them swapped.
    const [first, second, third, fourth, fifth, ...rest] = packets;
    bench.video.deliver([first, second, fourth, fifth, third, fourth]);
    for (let i = 0; i + 1 < rest.length; i += 2) bench.video.deliver([rest[i + 1], rest[i]]);
    if (rest.length % 2) bench.video.deliver(rest.slice(-1));
    const result = await bench.finish();
    expect(contents(result.video)).toEqual(contents(clip.video));
  });

  it('leaves out what a loss damaged, up to the next key frame, and asks for that', async () => {
    const bench = new Bench('WEBM_VIDEO_ONLY');
    bench.start(['video']);
    for (const frame of clip.video) {
      const packets = bench.video.packets(frame, frame.at * 90, START + frame.at);
      // Of the frame at 287 ms, the last packet is lost.
      bench.video.deliver(frame.at > 280 && frame.at < 300 ? packets.slice(0, -1) : packets);
      bench.tick(START + frame.at);
    }
    const result = await bench.finish();
    const intact = clip.video.filter(({ at }) => at < 280 || at >= 800);
    expect(contents(result.video)).toEqual(contents(intact));
    expect(gaps(result.video)).toContain(560);
    expect(bench.video.keyframeRequests).toBeGreaterThan(1);
  });

  it('fills lost sound with silence, so that it does not run ahead of the picture', async () => {
    const bench = new Bench();
    bench.start();
    const kept = clip.audio.filter(({ at }) => at < 500 || at > 600);
    bench.play([...kept, ...clip.video]);
    const result = await bench.finish();
    expect(result.audio.length).toBe(clip.audio.length);
    expect(contents(result.audio).filter((content) => content === SILENCE).length).toBe(
      clip.audio.length - kept.length,
    );
  });

  it('records one track when the other is not connected, after a bounded wait', async () => {
    const bench = new Bench();
    bench.start(['audio']);
    bench.play(between(clip.audio, 0, 1400));
    expect(bench.log).toEqual([]);
    bench.play(between(clip.audio, 1400, 2000));
    await bench.writing();
    const result = await bench.finish();
    expect(contents(result.audio)).toEqual(contents(between(clip.audio, 0, 2000)));
    expect(result.video).toEqual([]);
  });

  it('says so when a track comes too late to get a place in the file', async () => {
    const bench = new Bench();
    bench.start(['audio']);
    bench.play(clip.audio);
    await bench.writing();
    bench.tracks.video.sourceChanged(bench.video);
    bench.video.addSink(bench.tracks.video);
    bench.play(clip.video, 2000);
    expect(bench.log).toEqual(['writing', expect.stringMatching(/left out: video: .* too late/)]);
    expect((await bench.finish()).video).toEqual([]);
  });

  it('keeps a place for a camera that is connected but sends its first picture much later', async () => {
    const bench = new Bench();
    bench.start();
    bench.play(clip.audio);
    await bench.writing();
    bench.silence(2000, 5000);
    bench.play([...clip.audio, ...clip.video], 5000);
    const result = await bench.finish();
    expect(contents(result.video)).toEqual(contents(clip.video));
    expect(result.video[0].at).toBeCloseTo(5007, -1);
  });

  it('goes on writing sound while the picture stalls, and the picture when it comes back', async () => {
    const bench = new Bench();
    bench.start();
    bench.play([...clip.audio, ...clip.video]);
    await bench.writing();
    bench.play(clip.audio, 2000);
    bench.play(clip.audio, 4000);
    await eventually(async () => expect((await readClip(path)).audio.at(-1)?.at).toBeGreaterThan(5000));
    expect((await readClip(path)).video.length).toBe(clip.video.length);
    bench.play([...clip.audio, ...clip.video], 6000);
    const result = await bench.finish();
    expect(contents(result.video)).toEqual([...contents(clip.video), ...contents(clip.video)]);
    expect(result.video[clip.video.length].at).toBeCloseTo(6007, -1);
    expect(result.video[0].keyframe && result.video[clip.video.length].keyframe).toBe(true);
  });

  it('goes on writing the picture while the sound stalls, with silence in its place', async () => {
    const bench = new Bench();
    bench.start();
    bench.play([...clip.audio, ...clip.video]);
    await bench.writing();
    bench.play(clip.video, 2000);
    bench.play(clip.video, 4000);
    await eventually(async () => expect((await readClip(path)).video.at(-1)?.at).toBeGreaterThan(5000));
    expect(
      contents((await readClip(path)).audio).filter((content) => content === SILENCE).length,
    ).toBeGreaterThan(140);
    bench.play([...clip.audio, ...clip.video], 6000);
    const result = await bench.finish();
    expect(gaps(result.audio).every((gap) => gap <= 40)).toBe(true);
    const last = clip.audio.length;
    expect(contents(result.audio.slice(-last))).toEqual(contents(clip.audio));
    expect(result.audio.at(-last)?.at).toBeCloseTo(6000, -1);
  });

  it('takes the time of a pause out of the recording', async () => {
    const bench = new Bench();
    bench.start();
    bench.play([...clip.audio, ...clip.video]);
    await bench.writing();
    for (const track of Object.values(bench.tracks)) track.stop();
    bench.recording.pause(START + 2020);
    bench.play([...clip.audio, ...clip.video], 2020);
    bench.silence(4040, 60_000);
    const requests = bench.video.keyframeRequests;
    bench.recording.resume(START + 60_020);
    for (const track of Object.values(bench.tracks)) track.start(START + 60_020);
    expect(bench.video.keyframeRequests).toBe(requests + 1);
    bench.play([...clip.audio, ...clip.video], 60_020);
    const result = await bench.finish();
    expect(contents(result.video)).toEqual([...contents(clip.video), ...contents(clip.video)]);
    expect(result.video[clip.video.length].at).toBeCloseTo(2027, -1);
    expect(contents(result.audio)).not.toContain(SILENCE);
    expect(bench.log).toEqual(['writing', 'writing']);
    const last = Math.max(result.audio.at(-1)?.at ?? 0, result.video.at(-1)?.at ?? 0);
    expect((await toldDuration()) ?? 0).toBeGreaterThanOrEqual(last);
    expect((await toldDuration()) ?? 0).toBeLessThan(last + 40);
  });

  it('continues with another sender of the same track, from its first key frame', async () => {
    const bench = new Bench();
    bench.start();
    bench.play([...clip.audio, ...clip.video]);
    bench.video.replace(0x9999);
    for (const frame of between(clip.video, 400, 2000))
      bench.video.send(frame, frame.at * 90 + 4_000_000_000, START + 2000 + frame.at);
    const result = await bench.finish();
    const second = between(clip.video, 800, 2000);
    expect(contents(result.video)).toEqual([...contents(clip.video), ...contents(second)]);
    expect(result.video[clip.video.length].at).toBeCloseTo(2807, -1);
  });

  it('leaves out the rest of a track whose codec changes, says so once, and goes on with the other', async () => {
    const bench = new Bench();
    bench.start();
    bench.play([...clip.audio, ...clip.video]);
    const { video: other } = await readClip(H264_CLIP);
    bench.video.codec = H264;
    bench.video.replace(0x9999);
    bench.play([...clip.audio, ...other], 2020);
    bench.video.codec = VP8;
    bench.video.replace(0x9998);
    bench.play([...clip.audio, ...clip.video], 4040);
    const result = await bench.finish();
    expect(contents(result.video)).toEqual(contents(clip.video));
    expect(contents(result.audio).filter((content) => content !== SILENCE)).toEqual(
      [1, 2, 3].flatMap(() => contents(clip.audio)),
    );
    expect(bench.log).toEqual([
      'writing',
      expect.stringContaining('left out: video: The video changed from VP8 to H264 during the recording'),
    ]);
  });

  it('leaves out a codec that no file can hold, and says so once', async () => {
    const bench = new Bench();
    bench.audio.codec = PCMU;
    bench.start();
    for (const frame of clip.audio) bench.audio.send(frame, frame.at * 8, START + frame.at);
    bench.play(clip.video);
    const result = await bench.finish();
    expect(contents(result.video)).toEqual(contents(clip.video));
    expect(bench.log).toEqual([expect.stringContaining('PCMU'), 'writing']);
  });

  it('makes no file when nothing came', async () => {
    const bench = new Bench();
    bench.start();
    bench.silence(0, 5000);
    expect(await bench.recording.finish()).toBe('empty');
    await expect(stat(path)).rejects.toThrow(/ENOENT/);
  });

  it('tells of a file that cannot be made once, and takes no more', async () => {
    const bench = new Bench('WEBM', () => createFile(join(folder, 'no', 'such', 'folder.webm')));
    bench.start();
    bench.play([...clip.audio, ...clip.video]);
    await eventually(() => expect(bench.log).toEqual([expect.stringMatching(/^failed: ENOENT/)]));
    bench.play([...clip.audio, ...clip.video], 2000);
    expect(await bench.recording.finish()).toBe('failed');
    expect(bench.log.length).toBe(1);
  });

  it('fails, and keeps no more, when the place of the file takes too long to be free', async () => {
    let free: () => void = () => undefined;
    const isFree = new Promise<void>((resolve) => (free = resolve));
    const bench = new Bench('WEBM_VIDEO_ONLY', () => isFree.then(() => createFile(path)));
    const data = Buffer.alloc(1024 * 1024);
    for (let number = 0; number < 64; number++) {
      const encoded = { data, timestamp: number * 3_000, keyframe: true, width: 640, height: 480 };
      const [ticks, arrivedAt] = [number * 3_000, START + number * 33];
      bench.recording.frame({
        kind: 'video',
        codec: VP8,
        arrivedAt,
        ticks,
        clockMapping: undefined,
        encoded,
      });
    }
    expect(bench.log).toEqual(['failed: the file could not be opened in time']);
    free();
    expect(await bench.recording.finish()).toBe('failed');
  });

  it('tells of a disk that fails in the middle', async () => {
    const handle = await createFile(path);
    const bench = new Bench('WEBM', async () => handle);
    bench.start();
    bench.play([...clip.audio, ...clip.video]);
    await bench.writing();
    await handle.close();
    bench.play([...clip.audio, ...clip.video], 2000);
    expect(await bench.recording.finish()).toBe('failed');
    expect(bench.log).toEqual(['writing', expect.stringMatching(/^failed: /)]);
  });
});
