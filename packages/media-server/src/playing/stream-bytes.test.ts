import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { Mp4OutputFormat, WebMOutputFormat } from 'mediabunny';
import { describe, expect, it, vi } from 'vitest';
import { CLIP, contents, readClip } from '../recording/testing/clip.ts';
import { openBytes } from './open-bytes.ts';
import type { Playable } from './player.ts';
import { streamBytes, type StreamOptions } from './stream-bytes.ts';
import { IN_PLACE } from './testing/in-place.ts';
import { h264, made, opus, vp8 } from './testing/made-media.ts';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function open(chunks: AsyncIterable<Buffer>, options: Partial<StreamOptions> = {}): Promise<Playable> {
  const bytes = await streamBytes({ chunks, name: 'stream', close: () => undefined, ...options });
  return openBytes(bytes, IN_PLACE, new AbortController().signal);
}

async function framesOf(file: Playable): Promise<string[]> {
  const frames = [];
  for await (const frame of file.frames(0)) frames.push(frame);
  return contents(frames.filter(({ kind }) => kind === 'video'));
}

/** An element of 1 MiB that every reader skips (RFC 8794, section 11.3.2). */
const VOID = Buffer.concat([Buffer.from('ec100ffffb', 'hex'), Buffer.alloc(0xffffb)]);

/** The beginning of a cluster of unknown size, at 0 ms. */
const CLUSTER = '1f43b67501ffffffffffffffe78100';

/** A live recording, then `element`, and then the same for ever. */
async function* endless(element: string, rest: Buffer): AsyncGenerator<Buffer, void> {
  yield await made(new WebMOutputFormat({ appendOnly: true }), { video: await vp8() });
  yield Buffer.from(element, 'hex');
  for (;;) yield rest;
}

describe('a stream of media', () => {
  it.each([1, 7, 1000, 100_000])('is played as it comes, in pieces of %i bytes', async (size) => {
    const file = await open(pieces(await readFile(CLIP), size));
    expect(file.isSeekable).toBe(false);
    expect(await framesOf(file)).toEqual(contents((await readClip(CLIP)).video));
    await file.close();
  });

  it('is not taken faster than it is played', async () => {
    const video = await vp8();
    const packets = Array.from({ length: 40 }, (_, part) =>
      video.packets.map((frame) => ({ ...frame, at: frame.at + 2000 * part })),
    ).flat();
    const format = new WebMOutputFormat({ appendOnly: true, minimumClusterDuration: 0.1 });
    const bytes = await made(format, { video: { ...video, packets } });
    let taken = 0;
    async function* counted(): AsyncGenerator<Buffer, void> {
      for await (const piece of pieces(bytes, 1000)) {
        taken += piece.length;
        yield piece;
      }
    }
    const file = await open(counted());
    const frames = file.frames(0);
    for (let count = 0; count < 100; count++) await frames.next();
    // Whoever reads ahead would do so now.
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken / bytes.length).toBeLessThan(0.2);
    await file.close();
  });

  it('ends where its source ends, in the middle of a frame', async () => {
    const format = new WebMOutputFormat({ appendOnly: true, minimumClusterDuration: 0.1 });
    const bytes = await made(format, { video: await vp8(), audio: await opus() });
    const file = await open(pieces(bytes.subarray(0, bytes.length * 0.6), 997));
    const frames = await framesOf(file);
    expect(frames.length).toBeGreaterThan(15);
    expect(frames).toEqual(contents((await readClip(CLIP)).video.slice(0, frames.length)));
    await file.close();
  });

  it('is kept on disk, up to a bound, when its index is at its end, and leaves nothing there', async () => {
    const bytes = await made(new Mp4OutputFormat({ fastStart: false }), { video: await h264() });
    const close = vi.fn();
    const file = await open(pieces(bytes, 100), { close });
    expect(close).toHaveBeenCalledTimes(1);
    expect(file.isSeekable).toBe(true);
    expect((await framesOf(file)).length).toBe(25);
    const tooLong = open(pieces(bytes, 100), { maxSpooledBytes: 3000, close });
    await expect(tooLong).rejects.toThrow(/'stream' is an MP4 file of more than 3000 bytes .*faststart/);
    expect(close).toHaveBeenCalledTimes(2);
    await file.close();
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('parley-played-'))).toEqual([]);
  });

  it('of something else is refused without reading to an end that never comes', async () => {
    async function* words(): AsyncGenerator<Buffer, void> {
      for (;;) yield Buffer.alloc(64 * 1024, 'not a film ');
    }
    const close = vi.fn();
    await expect(open(words(), { close })).rejects.toThrow(/'stream' is not a WebM/);
    expect(close).toHaveBeenCalledTimes(1);
  });

  it.each([
    [
      'a block of a terabyte',
      `${CLUSTER}a3010000ffffffffff8100`,
      Buffer.alloc(1024 * 1024),
      /claims to have 1099\d+ bytes/,
    ],
    ['one part without meaning after the other', CLUSTER, VOID, /no picture and no sound was found/],
  ])('is given up when what comes is %s', async (_name, element, rest, message) => {
    const file = await open(endless(element, rest));
    await expect(framesOf(file)).rejects.toThrow(message);
    await file.close();
  });

  it('ends where there is nothing but garbage any more', async () => {
    const file = await open(endless(CLUSTER, Buffer.alloc(1024 * 1024)));
    expect((await framesOf(file)).length).toBe(50);
    await file.close();
  });

  it('that gives nothing any more is given up, but only while somebody waits for it', async () => {
    const bytes = await readFile(CLIP);
    async function* silent(): AsyncGenerator<Buffer, void> {
      yield bytes.subarray(0, 15_000);
      await new Promise(() => undefined);
    }
    const file = await open(silent(), { stallTimeoutMs: 30 });
    await expect(framesOf(file)).rejects.toThrow(/nothing came for 0.03 s/);
    await file.close();
  });
});
