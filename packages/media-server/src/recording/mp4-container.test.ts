import { describe, expect, it } from 'vitest';
import type { ByteSink } from './byte-sink.ts';
import type { ContainerFrame } from './container.ts';
import { Mp4Container } from './mp4-container.ts';
import { audioSettings, videoSettings } from './track-settings.ts';
import { OPUS, VP9 } from './testing/fake-source.ts';
import { readBack } from './testing/read-back.ts';

class MemorySink implements ByteSink {
  readonly chunks: Buffer[] = [];
  closed: boolean | undefined;

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  write(bytes: Buffer): Promise<void> {
    this.chunks.push(bytes);
    return Promise.resolve();
  }

  close(complete: boolean): Promise<void> {
    this.closed = complete;
    return Promise.resolve();
  }
}

const TRACKS = { audio: audioSettings(OPUS), video: videoSettings(VP9, undefined) };

/** 3 s: sound each 20 ms; pictures each 40 ms, of which only the first is a key frame, as in a call. */
function call(): ContainerFrame[] {
  const frames: ContainerFrame[] = [];
  for (let at = 0; at < 3000; at += 20) {
    const data = Buffer.from(`sound at ${at}`);
    frames.push({ kind: 'audio', data, isKey: true, at, duration: 20 });
    if (at % 40 === 0)
      frames.push({
        kind: 'video',
        data: Buffer.alloc(300, at / 40),
        isKey: at === 0,
        at: at + 7,
        duration: 0,
      });
  }
  return frames;
}

async function written(frames: readonly ContainerFrame[]): Promise<MemorySink> {
  const sink = new MemorySink();
  const container = new Mp4Container(sink, TRACKS);
  for (const frame of frames) await container.write(frame);
  await container.close(true);
  return sink;
}

function of(kind: string, frames: readonly ContainerFrame[]): ContainerFrame[] {
  return frames.filter((frame) => frame.kind === kind);
}

/** The first `count` pictures. */
async function videoUpTo(bytes: Buffer, count: number): Promise<Uint8Array[]> {
  const { video } = await readBack(bytes, count);
  return (video?.frames ?? []).map(({ data }) => data);
}

describe('Mp4Container', () => {
  it('gives back every frame at its place and of its kind, with one key frame in all', async () => {
    const frames = call();
    const { audio, video } = await readBack((await written(frames)).bytes);
    expect([audio?.codec, video?.codec]).toEqual(['opus', 'vp9']);
    for (const [kind, track] of Object.entries({ audio, video }))
      expect(track?.frames.map(({ at, isKey, data }) => [at, isKey, Buffer.from(data)])).toEqual(
        of(kind, frames).map(({ at, isKey, data }) => [at, isKey, data]),
      );
    expect(audio?.frames.every(({ duration }) => duration === 20)).toBe(true);
    expect(video?.frames.every(({ duration }) => duration === 40)).toBe(true);
  });

  it('is read up to the last whole fragment when it ends within one', async () => {
    const { chunks, bytes } = await written(call());
    const [start, ...fragments] = chunks;
    expect(fragments.length).toBeGreaterThanOrEqual(5);
    let complete = start.length;
    let expected = 0;
    for (const fragment of fragments) {
      // Cut behind the list of its frames, too: mediabunny takes none that is cut itself, other readers do.
      const listed = fragment.readUInt32BE(0);
      for (const cut of [0, listed, listed + 8, (listed + fragment.length) >> 1, fragment.length - 1]) {
        const video = await videoUpTo(bytes.subarray(0, complete + cut), expected);
        expect(video.map((data) => data[0])).toEqual(Array.from({ length: expected }, (_, index) => index));
      }
      complete += fragment.length;
      expected = (await readBack(bytes.subarray(0, complete))).video?.frames.length ?? 0;
    }
    expect(expected).toBe(75);
  });

  it('has written all but about half a second at any moment', async () => {
    const sink = new MemorySink();
    const container = new Mp4Container(sink, TRACKS);
    for (const frame of call().filter(({ at }) => at < 2000)) await container.write(frame);
    const { audio, video } = await readBack(sink.bytes);
    expect(audio?.frames.at(-1)?.at).toBeGreaterThan(1400);
    expect(video?.frames.at(-1)?.at).toBeGreaterThan(1400);
  });

  it('lets no track wait for one that has fallen silent, and writes its last picture', async () => {
    const sink = new MemorySink();
    const container = new Mp4Container(sink, TRACKS);
    const frames = call().filter(({ kind, at }) => kind === 'audio' || at < 300 || at > 2500);
    for (const frame of frames.filter(({ at }) => at < 2000)) await container.write(frame);
    await container.flushVideo();
    const stalled = await readBack(sink.bytes);
    expect(stalled.audio?.frames.at(-1)?.at).toBeGreaterThan(1400);
    expect(stalled.video?.frames.length).toBe(8);
    for (const frame of frames.filter(({ at }) => at >= 2000)) await container.write(frame);
    await container.close(true);
    const { video } = await readBack(sink.bytes);
    expect(video?.frames.map(({ at }) => at)).toEqual(of('video', frames).map(({ at }) => at));
  });

  it('rejects every write after one that failed, and closes the sink as incomplete', async () => {
    const sink = new MemorySink();
    sink.write = () => Promise.reject(new Error('disk full'));
    const container = new Mp4Container(sink, TRACKS);
    const [frame] = call();
    await expect(container.write(frame)).rejects.toThrow('disk full');
    await expect(container.write({ ...frame, at: 600 })).rejects.toThrow('disk full');
    await expect(container.close(true)).rejects.toThrow('disk full');
    expect(sink.closed).toBe(false);
  });

  it('writes a file without any frame that says what it would have held', async () => {
    const { audio, video } = await readBack((await written([])).bytes);
    expect([audio?.frames, video?.frames]).toEqual([[], []]);
  });
});
