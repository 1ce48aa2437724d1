import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  MkvOutputFormat,
  MovOutputFormat,
  Mp4OutputFormat,
  OggOutputFormat,
  WebMOutputFormat,
  type OutputFormat,
} from 'mediabunny';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIP, contents, H264_CLIP, readClip } from '../recording/testing/clip.ts';
import { MediaFile } from './media-file.ts';
import {
  aac,
  g711,
  h264,
  made,
  opus,
  splitAnnexB,
  vp8,
  type MadeAudio,
  type MadeVideo,
} from './testing/made-media.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-media-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function openMade(
  format: OutputFormat,
  tracks: { audio?: MadeAudio; video?: MadeVideo },
): Promise<MediaFile> {
  const path = join(folder, 'made');
  await writeFile(path, await made(format, tracks));
  return MediaFile.open(path, 'made');
}

async function framesOf(file: MediaFile, from = 0) {
  const frames = [];
  for await (const frame of file.frames(from)) frames.push(frame);
  await file.close();
  return {
    audio: frames.filter(({ kind }) => kind === 'audio'),
    video: frames.filter(({ kind }) => kind === 'video'),
  };
}

describe('media files', () => {
  it.each<[string, OutputFormat]>([
    ['MP4 with its index at the end', new Mp4OutputFormat({ fastStart: false })],
    ['MP4 with its index at the beginning', new Mp4OutputFormat({ fastStart: 'in-memory' })],
    ['fragmented MP4', new Mp4OutputFormat({ fastStart: 'fragmented', minimumFragmentDuration: 0.2 })],
    ['MOV', new MovOutputFormat()],
    ['Matroska', new MkvOutputFormat()],
  ])(
    'give the H.264 and Opus of %s as it was put in, with parameter sets before each key frame',
    async (_name, format) => {
      const file = await openMade(format, { audio: await opus(), video: await h264() });
      expect(file.codec('audio')).toMatchObject({ name: 'opus', clockRate: 48_000, channels: 2 });
      expect(file.codec('video')).toMatchObject({
        name: 'H264',
        parameters: { 'packetization-mode': '1', 'profile-level-id': '42c00b' },
      });
      expect(file).toMatchObject({ isSeekable: true, unplayable: [] });
      expect(Math.abs((file.duration ?? 0) - 2008)).toBeLessThan(20);
      const { audio, video } = await framesOf(file);
      const clip = await readClip(H264_CLIP);
      expect(contents(audio)).toEqual(contents((await readClip(CLIP)).audio));
      expect(video.length).toBe(clip.video.length);
      for (const { data, keyframe } of video)
        expect(splitAnnexB(data).map(([first]) => first & 0x1f)).toEqual(keyframe ? [7, 8, 5] : [1]);
      expect(video.filter(({ keyframe }) => keyframe).map(({ at }) => Math.round(at))).toEqual([0, 400, 800]);
    },
  );

  it.each<[string, OutputFormat]>([
    ['Ogg', new OggOutputFormat()],
    ['WebM', new WebMOutputFormat()],
    ['WebM as it is streamed', new WebMOutputFormat({ appendOnly: true })],
  ])('give the Opus of %s, from any place', async (_name, format) => {
    const expected = (await readClip(CLIP)).audio;
    const file = await openMade(format, { audio: await opus() });
    expect(file).toMatchObject({ isSeekable: true });
    expect(contents((await framesOf(file)).audio)).toEqual(contents(expected));
    const again = await openMade(format, { audio: await opus() });
    const rest = (await framesOf(again, 1000)).audio;
    expect(contents(rest)).toEqual(contents(expected.slice(-rest.length)));
    expect(Math.abs(rest[0].at - 1000)).toBeLessThan(25);
  });

  it.each(['ulaw', 'alaw'] as const)('cut %s of WAV into packets of 20 ms', async (codec) => {
    const audio = g711(codec, 1.01);
    const path = join(folder, 'made.wav');
    await writeFile(path, wav(codec, audio.packets[0].data));
    const file = await MediaFile.open(path, 'made.wav');
    expect(file.codec('audio')).toMatchObject({
      name: codec === 'ulaw' ? 'PCMU' : 'PCMA',
      clockRate: 8_000,
      channels: 1,
    });
    const frames = (await framesOf(file)).audio;
    expect(Buffer.concat(frames.map(({ data }) => data))).toEqual(Buffer.from(audio.packets[0].data));
    expect(Math.max(...frames.map(({ data }) => data.length))).toBe(160);
    frames.reduce((end, { at, duration }) => {
      expect(at).toBeCloseTo(end, 6);
      return at + duration;
    }, 0);
  });

  it('refuse a text, however short, without the words of a broken assertion', async () => {
    const path = join(folder, 'text.webm');
    for (const length of [0, 1, 6, 4_000]) {
      await writeFile(path, 'hello\n'.repeat(700).slice(0, length));
      const refusal = await MediaFile.open(path, 'text.webm').catch(String);
      expect(refusal).toMatch(/'text.webm' is not a WebM, .* that can be played \(.{9,}\)$/);
      expect(refusal).not.toMatch(/assert/i);
    }
  });

  it('play what they can and say what they leave out', async () => {
    const file = await openMade(new Mp4OutputFormat(), { audio: aac(), video: await h264() });
    expect(file.codec('audio')).toBeUndefined();
    expect(file.unplayable).toEqual(['its sound is coded as aac, which calls do not use']);
    const { audio, video } = await framesOf(file);
    expect([audio.length, video.length]).toEqual([0, 25]);
  });

  it('leave out H.264 whose pictures are stored in another order than they are shown in', async () => {
    // Pairs change places, as a B-frame behind the picture that it refers to.
    const isOdd = (index: number): boolean => index % 2 === 1;
    const video = await h264((index) =>
      index % 10 === 0 || index % 10 === 9 ? index : index + (isOdd(index) ? 1 : -1),
    );
    const file = await openMade(new Mp4OutputFormat(), { audio: await opus(), video });
    expect(file.codec('video')).toBeUndefined();
    expect(file.unplayable).toEqual([expect.stringContaining('B-frames')]);
    await file.close();
    await expect(openMade(new Mp4OutputFormat(), { video })).rejects.toThrow(/B-frames/);
  });

  it('end with a sentence where pictures begin to change places later on', async () => {
    const frames = (await h264()).packets;
    const many = {
      ...(await h264()),
      packets: [0, 1, 2].flatMap((part) => frames.map((frame) => ({ ...frame, at: frame.at + part * 1000 }))),
    };
    const swapped = many.packets.map((frame, index) =>
      index === 63 ? { ...frame, at: frame.at - 100 } : frame,
    );
    const file = await openMade(new Mp4OutputFormat(), { video: { ...many, packets: swapped } });
    await expect(framesOf(file)).rejects.toThrow(/B-frames/);
    await file.close();
  });

  it('are refused with a reason when nothing in them can be played', async () => {
    await expect(openMade(new Mp4OutputFormat(), { audio: aac() })).rejects.toThrow(
      /'made' is not .* that can be played \(its sound is coded as aac/,
    );
    const path = join(folder, 'stereo.wav');
    await writeFile(path, wav('ulaw', new Uint8Array(16_000), 2));
    await expect(MediaFile.open(path, 'stereo.wav')).rejects.toThrow(/2 channels at 8000 Hz/);
  });

  it('of fragmented MP4 are played to their last complete fragment, wherever they were cut off', async () => {
    const format = new Mp4OutputFormat({ fastStart: 'fragmented', minimumFragmentDuration: 0.1 });
    const bytes = await made(format, { audio: await opus(), video: await h264() });
    const path = join(folder, 'cut.mp4');
    const expected = contents((await readClip(CLIP)).audio);
    let most = 0;
    for (let length = 2500; length < bytes.length; length += 173) {
      await writeFile(path, bytes.subarray(0, length));
      const { audio, video } = await framesOf(await MediaFile.open(path, 'cut.mp4'));
      expect(audio.length + video.length).toBeGreaterThanOrEqual(most);
      most = audio.length + video.length;
      expect(contents(audio)).toEqual(expected.slice(0, audio.length));
    }
    expect(most).toBeGreaterThan(100);
  });

  it.each([420, 0x7fff_ffff, 0])(
    'are refused when a fragment claims countless samples, in a box of %i bytes',
    async (size) => {
      const file = await made(new Mp4OutputFormat({ fastStart: 'fragmented' }), { audio: await opus() });
      const at = file.indexOf('trun');
      file.writeUInt32BE(size, at - 4);
      // All alike, so that nothing follows.
      file.writeUInt32BE(0, at + 4);
      file.writeUInt32BE(0xffff_ffff, at + 8);
      const path = join(folder, 'countless.mp4');
      await writeFile(path, file);
      await expect(MediaFile.open(path, 'countless.mp4')).rejects.toThrow(/4294967295 samples/);
    },
  );

  it('are refused when a chunk claims countless samples, which would be counted for each', async () => {
    const file = await made(new Mp4OutputFormat({ fastStart: 'in-memory' }), { video: await h264() });
    file.writeUInt32BE(0xffff_ffff, file.indexOf('stsc') + 16);
    const path = join(folder, 'countless.mp4');
    await writeFile(path, file);
    await expect(MediaFile.open(path, 'countless.mp4')).rejects.toThrow(/4294967295 samples/);
  });

  it('with garbage at their end are played up to it, and do not hold up the process', async () => {
    const path = join(folder, 'made');
    const whole = await made(new WebMOutputFormat({ appendOnly: true }), { video: await vp8() });
    await writeFile(path, Buffer.concat([whole, Buffer.alloc(100)]));
    const file = await MediaFile.open(path, 'made');
    const frames = (await framesOf(file)).video;
    expect(frames.length).toBe(50);
    await file.close();
  });

  it('count from their first frame when that comes late, as in a stream that was joined', async () => {
    const video = await vp8();
    const late = {
      ...video,
      packets: video.packets.map((frame) => ({ ...frame, at: frame.at + 3_600_000 })),
    };
    const file = await openMade(new MkvOutputFormat(), { video: late });
    expect(file.duration).toBeGreaterThan(1900);
    expect(file.duration).toBeLessThan(2100);
    expect(Math.round(await file.keyframeBefore(1700))).toBe(1600);
    const frames = (await framesOf(file, 1600)).video;
    expect(Math.round(frames[0].at)).toBe(1600);
  });
});

/** A WAV file of G.711 at 8000 Hz: `fmt ` with the codec's number (RFC 2361), `data`. */
function wav(codec: 'ulaw' | 'alaw', samples: Uint8Array, channels = 1): Buffer {
  const head = Buffer.alloc(46);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(38 + samples.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(18, 16);
  head.writeUInt16LE(codec === 'ulaw' ? 7 : 6, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000 * channels, 28);
  head.writeUInt16LE(channels, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 38, 'latin1');
  head.writeUInt32LE(samples.length, 42);
  return Buffer.concat([head, samples]);
}
