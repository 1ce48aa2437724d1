import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mp4OutputFormat, WebMOutputFormat } from 'mediabunny';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLIP, readClip } from '../../recording/testing/clip.ts';
import { fileBytes } from '../file-bytes.ts';
import { openBytes } from '../open-bytes.ts';
import type { Playable } from '../player.ts';
import { streamBytes } from '../stream-bytes.ts';
import { mutated, randomNumbers } from '../testing/crafted-media.ts';
import { h264, made, opus, vp8 } from '../testing/made-media.ts';
import { MediaReaders } from './media-readers.ts';

/** Of each file, and of each way that its bytes come. */
const MUTATIONS = 60;

/** Many times what the files hold: a mutation may say that something is repeated. */
const MAX_FRAMES = 2_000;

const { signal } = new AbortController();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-mutations-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function makeFiles(): Promise<Readonly<Record<string, Buffer>>> {
  const [audio, video, avc] = [await opus(), await vp8(), await h264()];
  const fragmented = { fastStart: 'fragmented', minimumFragmentDuration: 0.2 } as const;
  return {
    WebM: await made(new WebMOutputFormat(), { audio, video }),
    MP4: await made(new Mp4OutputFormat({ fastStart: 'in-memory' }), { audio, video: avc }),
    'fragmented MP4': await made(new Mp4OutputFormat(fragmented), { audio, video: avc }),
  };
}

/** How many frames there are, or the sentence that it ends with. */
async function played(opening: Promise<Playable>): Promise<number | string> {
  let frames = 0;
  let media: Playable | undefined;
  try {
    media = await opening;
    for await (const { data } of media.frames(0)) {
      expect(data).toBeInstanceOf(Uint8Array);
      if (++frames >= MAX_FRAMES) break;
    }
    return frames;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await media?.close();
  }
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += 5_000) yield bytes.subarray(at, at + 5_000);
}

it.each(['file', 'stream'] as const)(
  'a %s of any kind ends in frames or in a sentence, whatever is wrong with it, and others go on',
  async (way) => {
    // One process for all, which lives as long as somebody plays the clip.
    const readers = new MediaReaders({ maxProcesses: 1 });
    const other = await readers.open(await fileBytes(CLIP, 'clip'), signal);
    const path = join(folder, 'mutated');
    const random = randomNumbers(2_917);
    const results: (number | string)[] = [];
    for (const whole of Object.values(await makeFiles()))
      for (let count = 0; count < MUTATIONS; count++) {
        const bytes = mutated(whole, random);
        if (way === 'file') {
          await writeFile(path, bytes);
          results.push(await played(readers.open(await fileBytes(path, 'mutated'), signal)));
        } else {
          const stream = streamBytes({ chunks: pieces(bytes), name: 'mutated', close: () => undefined });
          results.push(await played(stream.then((source) => openBytes(source, readers, signal))));
        }
      }
    const sentences = results.filter((result) => typeof result === 'string');
    // Both happen: the mutations are neither too mild nor too wild.
    expect(sentences.length).toBeGreaterThan(MUTATIONS / 3);
    expect(results.filter((result) => Number(result) > 100).length).toBeGreaterThan(MUTATIONS / 3);
    expect(sentences.filter((sentence) => sentence === '')).toEqual([]);
    const clip = await readClip(CLIP);
    let frames = 0;
    for await (const frame of other.frames(0)) frames += frame.data.length > 0 ? 1 : 0;
    expect(frames).toBe(clip.audio.length + clip.video.length);
    await other.close();
    expect(readers.count).toBe(0);
  },
  120_000,
);
