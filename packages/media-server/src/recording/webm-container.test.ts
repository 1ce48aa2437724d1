import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileFrame } from '../playing/media-file.ts';
import { MatroskaParser, type MatroskaBlock } from '../playing/matroska-parser.ts';
import { AppendFile, createFile } from './append-file.ts';
import type { ByteSink } from './byte-sink.ts';
import { CLIP, contents, readClip, type Clip } from './testing/clip.ts';
import { OPUS, VP8 } from './testing/fake-source.ts';
import { indexOf } from './testing/matroska-index.ts';
import { audioSettings, videoSettings } from './track-settings.ts';
import { WebmContainer } from './webm-container.ts';

let folder: string;
let path: string;
let clip: Clip;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-webm-'));
  path = join(folder, 'out.webm');
  clip = await readClip(CLIP);
});

afterEach(() => rm(folder, { recursive: true }));

function open(sink: ByteSink, kinds: readonly string[] = ['audio', 'video']): WebmContainer {
  const video = kinds.includes('video') ? videoSettings(VP8, clip.video[0]) : undefined;
  return new WebmContainer(
    sink,
    { audio: kinds.includes('audio') ? audioSettings(OPUS) : undefined, video },
    'webm',
  );
}

/** Of the clip, in their order, `times` times over: 2 s each. */
function frames(times: number, kinds: readonly string[] = ['audio', 'video']): FileFrame[] {
  const inOrder = [...clip.audio, ...clip.video]
    .filter(({ kind }) => kinds.includes(kind))
    .sort((a, b) => a.at - b.at);
  return Array.from({ length: times }, (_, round) =>
    inOrder.map((frame) => ({ ...frame, at: frame.at + 2020 * round })),
  ).flat();
}

/** Each only when the one before is on the disk, or waits for another track. */
async function write(container: WebmContainer, written: readonly FileFrame[]): Promise<void> {
  for (const { kind, data, keyframe: isKey, at, duration } of written)
    await container.write({ kind, data, isKey, at, duration: kind === 'video' ? 0 : duration });
}

function parsed(bytes: Buffer): { duration: number | undefined; blocks: MatroskaBlock[] } {
  const items = [...new MatroskaParser().push(bytes)];
  const head = items.find((item) => item.type === 'head');
  return { duration: head?.duration, blocks: items.filter((item) => item.type === 'block') };
}

async function fileSink(): Promise<AppendFile> {
  return new AppendFile(await createFile(path));
}

describe('a finished WebM file', () => {
  it('says how long it is, and where its parts and the key frames of its picture are', async () => {
    const container = open(await fileSink());
    const written = frames(3);
    await write(container, written);
    await container.close(true);
    const bytes = await readFile(path);
    const end = Math.max(...written.map(({ at, duration, kind }) => at + (kind === 'audio' ? duration : 0)));
    const { duration, blocks } = parsed(bytes);
    expect(duration).toBe(end);
    expect(blocks).toHaveLength(written.length);
    const { seeks, cues } = indexOf(bytes);
    expect(seeks).toEqual(['info', 'tracks', 'cues']);
    // Of key frames 0.8 s apart, those that are a second or more behind the last one of the index.
    expect(cues.map(({ at }) => at).slice(0, 3)).toEqual([7, 1607, 2827]);
    for (const { at, clusterFrames } of cues)
      expect(clusterFrames).toContainEqual({ at, track: 1, isKey: true });
  });

  it('of sound alone has an index, too, of a second or more a step', async () => {
    const container = open(await fileSink(), ['audio']);
    await write(container, frames(3, ['audio']));
    await container.close(true);
    const { seeks, cues } = indexOf(await readFile(path));
    expect(seeks).toEqual(['info', 'tracks', 'cues']);
    const steps = cues.slice(1).map(({ at }, index) => at - cues[index].at);
    expect(steps.length).toBeGreaterThan(3);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...steps)).toBeLessThan(1100);
  });
});

describe('a WebM file that grows', () => {
  it('opens at any moment, and is at most a second longer than it says', async () => {
    const container = open(await fileSink());
    const all = frames(3);
    for (let done = 0; done < all.length; done += 10) {
      await write(container, all.slice(done, done + 10));
      const bytes = await readFile(path);
      const { duration, blocks } = parsed(bytes);
      const newest = Math.max(0, ...blocks.map(({ at }) => at));
      // What the muxer holds until the other track has come as far.
      expect(blocks.length).toBeGreaterThan(done - 10);
      expect(newest - (duration ?? 0)).toBeLessThanOrEqual(1000);
      expect(duration ?? 0).toBeLessThanOrEqual(newest);
      expect(indexOf(bytes)).toMatchObject({ seeks: [], cues: [] });
    }
    await container.close(false);
    const { audio, video } = await readClip(path);
    const [sound, pictures] = ['audio', 'video'].map((kind) => contents(frames(3, [kind])));
    expect(contents(audio)).toEqual(sound.slice(0, audio.length));
    expect(contents(video)).toEqual(pictures.slice(0, video.length));
    expect(parsed(await readFile(path)).duration).toBeGreaterThan(5000);
  });

  it('goes without where what was written cannot be changed, and is the same otherwise', async () => {
    const sent: Buffer[] = [];
    const stream: ByteSink = {
      write: (bytes) => Promise.resolve(void sent.push(bytes)),
      close: () => Promise.resolve(),
    };
    for (const sink of [stream, await fileSink()]) {
      const container = open(sink);
      await write(container, frames(2));
      await container.close(true);
    }
    const [streamed, file] = [Buffer.concat(sent), await readFile(path)];
    expect(parsed(streamed).duration).toBeUndefined();
    expect(indexOf(streamed).seeks).toEqual([]);
    expect(parsed(streamed).blocks).toEqual(parsed(file).blocks);
    expect(streamed.length).toBe(file.length);
  });
});
