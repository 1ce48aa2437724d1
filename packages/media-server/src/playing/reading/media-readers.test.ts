import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mp4OutputFormat } from 'mediabunny';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIP, contents, readClip } from '../../recording/testing/clip.ts';
import type { ByteSource, PassingBytes } from '../byte-source.ts';
import { fileBytes } from '../file-bytes.ts';
import type { FileFrame } from '../file-tracks.ts';
import { MediaFileError } from '../media-file-error.ts';
import type { Playable } from '../player.ts';
import { countlessBlocks } from '../testing/crafted-media.ts';
import { h264, made } from '../testing/made-media.ts';
import { MediaReaders, type MediaReadersOptions } from './media-readers.ts';

/** More than any start on a machine that is busy with other tests; what fails takes as long. In ms. */
const TEST_TIMEOUT_MS = 60_000;

let folder: string;
const opened: Playable[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-readers-'));
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((media) => media.close()));
  await rm(folder, { recursive: true });
});

async function openSource(readers: MediaReaders, source: ByteSource, signal = never()): Promise<Playable> {
  const media = await readers.open(source, signal);
  opened.push(media);
  return media;
}

async function openFile(readers: MediaReaders, path = CLIP, signal = never()): Promise<Playable> {
  return openSource(readers, await fileBytes(path, 'file'), signal);
}

async function openMade(bytes: Buffer, options: MediaReadersOptions): Promise<Playable> {
  const path = join(folder, 'made');
  await writeFile(path, bytes);
  return openFile(new MediaReaders(options), path);
}

/** A program in the place of the one that reads, which takes what it is asked and gives no answer, working all the time. */
async function endless(): Promise<string> {
  const path = join(folder, 'endless.cjs');
  await writeFile(path, "process.on('message', () => { for (;;); });");
  return path;
}

function never(): AbortSignal {
  return new AbortController().signal;
}

async function framesOf(media: Playable, from = 0): Promise<{ audio: string[]; video: string[] }> {
  const frames: FileFrame[] = [];
  for await (const frame of media.frames(from)) frames.push(frame);
  const of = (wanted: string): string[] => contents(frames.filter(({ kind }) => kind === wanted));
  return { audio: of('audio'), video: of('video') };
}

function childProcesses(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}

describe('media that other processes read', { timeout: TEST_TIMEOUT_MS }, () => {
  it('is what it is when it is read here, from any place, and leaves nothing behind', async () => {
    const readers = new MediaReaders();
    const clip = await readClip(CLIP);
    const media = await openFile(readers);
    expect(media).toMatchObject({ duration: 2008, isSeekable: true, format: 'WebM', unplayable: [] });
    expect(media.codec('audio')).toMatchObject({ name: 'opus', clockRate: 48_000 });
    expect(await framesOf(media)).toEqual({ audio: contents(clip.audio), video: contents(clip.video) });
    expect(Math.round(await media.keyframeBefore(1_700))).toBe(1_607);
    const rest = await framesOf(media, 1_607);
    expect(rest.video).toEqual(contents(clip.video.filter(({ at }) => at >= 1_607)));
    expect(childProcesses()).toBe(1);
    await media.close();
    await media.close();
    await expect.poll(childProcesses, { timeout: 10_000 }).toBe(0);
    await expect(media.keyframeBefore(0)).rejects.toThrow("'file' has been closed");
  });

  it('is read by who was started before, one at most', async () => {
    const readers = new MediaReaders();
    for (let n = 0; n < 3; n++) readers.prepare();
    expect(readers.count).toBe(1);
    await openFile(readers);
    expect(readers.count).toBe(1);
    readers.prepare();
    expect(readers.count).toBe(2);
    await openFile(readers);
    expect(readers.count).toBe(2);
  });

  it('is waited for by nobody any more when no more will come', async () => {
    const readers = new MediaReaders();
    readers.prepare();
    expect(childProcesses()).toBe(1);
    readers.close();
    expect(readers.count).toBe(0);
    await expect.poll(childProcesses, { timeout: 10_000 }).toBe(0);
  });

  it('may come once, and is not asked for faster than it is played', async () => {
    const format = new Mp4OutputFormat({ fastStart: 'fragmented', minimumFragmentDuration: 0.1 });
    const bytes = await made(format, { video: await h264() });
    let taken = 0;
    async function* counted(): AsyncGenerator<Buffer, void, undefined> {
      for await (const piece of pieces(bytes)) {
        taken += piece.length;
        yield piece;
      }
    }
    let closes = 0;
    const close = async (): Promise<void> => void closes++;
    const source: PassingBytes = { name: 'stream', chunks: counted(), close };
    const media = await openSource(new MediaReaders(), source);
    expect(media.isSeekable).toBe(false);
    expect(taken).toBeLessThan(bytes.length / 2);
    expect((await framesOf(media)).video.length).toBe(25);
    await media.close();
    expect(closes).toBe(1);
  });

  it('ends with the error that its bytes end with', async () => {
    const whole = await made(new Mp4OutputFormat({ fastStart: 'fragmented', minimumFragmentDuration: 0.1 }), {
      video: await h264(),
    });
    async function* broken(): AsyncGenerator<Buffer, void, undefined> {
      yield* pieces(whole.subarray(0, whole.length * 0.7));
      throw new MediaFileError('missing', 'the line is cut');
    }
    const close = (): Promise<void> => Promise.resolve();
    const media = await openSource(new MediaReaders(), { name: 'stream', chunks: broken(), close });
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { at } of media.frames(0)) seen.push(at);
    })();
    await expect(reading).rejects.toThrow(
      expect.objectContaining({ reason: 'missing', message: 'the line is cut' }) as Error,
    );
    expect(seen.length).toBeGreaterThan(8);
  });

  it('is refused with the reason that was found over there', async () => {
    await expect(openMade(Buffer.from('not a film'.repeat(100)), {})).rejects.toThrow(
      expect.objectContaining({
        reason: 'foreign',
        message: expect.stringMatching(/^'file' is not a WebM/) as string,
      }) as Error,
    );
    await expect.poll(childProcesses, { timeout: 10_000 }).toBe(0);
  });

  it('is ended when reading it takes all memory, which is the memory of its process', async () => {
    const reading = openMade(await countlessBlocks(400_000), { maxHeapMb: 32, limitMs: 1_000_000 }).then(
      (media) => framesOf(media),
    );
    const refused = await reading.catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MediaFileError);
    expect((refused as Error).message).toMatch(/^'file' cannot be played( on)?: what read it ended/);
    expect(String((refused as Error).cause)).toContain('heap out of memory');
  });

  it('is ended when an answer takes too long', async () => {
    const readers = new MediaReaders({ entry: await endless(), limitMs: 300 });
    await expect(openFile(readers)).rejects.toThrow(
      expect.objectContaining({
        reason: 'foreign',
        message: "'file' cannot be played: reading it took more than 0.3 s",
      }) as Error,
    );
    await expect.poll(childProcesses, { timeout: 10_000 }).toBe(0);
  });

  it('waits for no other media, which never comes to an answer, and which can be left at once', async () => {
    const stuck = new MediaReaders({ entry: await endless(), limitMs: 1_000_000 });
    const wanted = new AbortController();
    const answers: string[] = [];
    const waiting = openFile(stuck, CLIP, wanted.signal).catch((error: Error) => answers.push(error.message));
    const clip = await readClip(CLIP);
    expect((await framesOf(await openFile(new MediaReaders()))).video).toEqual(contents(clip.video));
    expect([answers, stuck.count]).toEqual([[], 1]);
    wanted.abort(new Error('no longer wanted'));
    await waiting;
    expect([answers, stuck.count]).toEqual([['no longer wanted'], 0]);
  });

  it('shares processes when there is much of it, down to the last', async () => {
    const readers = new MediaReaders({ maxProcesses: 2 });
    const all = await Promise.all(Array.from({ length: 4 }, () => openFile(readers)));
    expect(readers.count).toBe(2);
    const expected = contents((await readClip(CLIP)).video);
    for (const { video } of await Promise.all(all.map((media) => framesOf(media))))
      expect(video).toEqual(expected);
    for (const media of all.slice(0, 3)) await media.close();
    expect(readers.count).toBe(1);
    expect((await framesOf(all[3])).video).toEqual(expected);
    await all[3].close();
    expect(readers.count).toBe(0);
    await expect.poll(childProcesses, { timeout: 10_000 }).toBe(0);
  });

  it('says what is wrong when its process cannot start', async () => {
    const readers = new MediaReaders({ entry: join(folder, 'missing.cjs') });
    const refused = await openFile(readers).catch((error: unknown) => error);
    expect(refused).toMatchObject({ message: "'file' cannot be played: what read it ended (code 1)" });
    expect(String((refused as Error).cause)).toContain('Cannot find module');
  });
});
