import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppendFile, createFile } from '../recording/append-file.ts';
import { openContainer } from '../recording/profile.ts';
import { RecordingFile } from '../recording/recording-file.ts';
import { CLIP, contents, readClip, type Clip } from '../recording/testing/clip.ts';
import { OPUS, VP8 } from '../recording/testing/fake-source.ts';
import { audioSettings, videoSettings } from '../recording/track-settings.ts';
import { MediaFile, MediaFileError } from './media-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-cut-'));
});

afterEach(() => rm(folder, { recursive: true }));

/** The clip, three times over, as our recorder writes it. */
async function recording(clip: Clip): Promise<{ bytes: Buffer; expected: Clip }> {
  const path = join(folder, 'whole.webm');
  const tracks = { audio: audioSettings(OPUS), video: videoSettings(VP8, clip.video[0]) };
  const container = openContainer('webm', new AppendFile(await createFile(path)), tracks);
  const file = new RecordingFile(container, tracks, (error) => {
    throw error;
  });
  for (const shift of [0, 2000, 4000]) {
    const frames = [...clip.audio, ...clip.video].sort((a, b) => a.at - b.at);
    for (const { kind, data, keyframe, duration, at } of frames) {
      if (kind === 'video') file.video(data, keyframe, at + shift);
      else file.audio(data, duration, at + shift);
    }
  }
  await file.close();
  return { bytes: await readFile(path), expected: await readClip(path) };
}

describe('a recording that was cut off', () => {
  it('plays to its last complete frame, wherever it was cut, or is refused in a sentence', async () => {
    const { bytes, expected } = await recording(await readClip(CLIP));
    const path = join(folder, 'cut.webm');
    let most = 0;
    for (let length = 0; length <= bytes.length; length += length < 1000 ? 97 : 1009) {
      await writeFile(path, bytes.subarray(0, length));
      try {
        const { audio, video } = await readClip(path);
        const count = audio.length + video.length;
        expect(count).toBeGreaterThanOrEqual(most);
        most = count;
        expect(contents(video)).toEqual(contents(expected.video.slice(0, video.length)));
        expect(contents(audio)).toEqual(contents(expected.audio.slice(0, audio.length)));
        // A cut costs the frame it goes through, not the seconds before it.
        const bytesRead = [...audio, ...video].reduce((sum, { data }) => sum + data.length, 0);
        expect(length - bytesRead).toBeLessThan(6_000 + count * 12);
      } catch (error) {
        if (!(error instanceof MediaFileError)) throw error;
        expect(length).toBeLessThan(500);
        expect(error.message).toMatch(/cannot|can be played/);
      }
    }
    expect(most).toBeGreaterThan(400);
  });

  it('knows how long it is without an index', async () => {
    const { bytes } = await recording(await readClip(CLIP));
    const path = join(folder, 'cut.webm');
    await writeFile(path, bytes.subarray(0, bytes.length / 2));
    const file = await MediaFile.open(path, 'cut.webm');
    const { audio, video } = await readClip(path);
    expect(file.duration).toBe(Math.max(audio.at(-1)?.at ?? 0, video.at(-1)?.at ?? 0));
    await file.close();
  });
});

describe('a file that is none', () => {
  it.each([
    ['empty', Buffer.alloc(0)],
    ['text', Buffer.from('hello '.repeat(1000))],
    ['zeros', Buffer.alloc(100_000)],
    ['a header only', Buffer.from('1a45dfa3', 'hex')],
  ])('is refused in a sentence: %s', async (_name, bytes) => {
    const path = join(folder, 'foreign.webm');
    await writeFile(path, bytes);
    await expect(MediaFile.open(path, 'file:foreign.webm')).rejects.toThrow(
      expect.objectContaining({
        reason: 'foreign',
        message: expect.stringContaining("'file:foreign.webm'") as string,
      }) as Error,
    );
  });

  it('is said to be missing when it is, or is a folder', async () => {
    await expect(MediaFile.open(join(folder, 'x.webm'), 'x.webm')).rejects.toThrow(
      "There is no file 'x.webm'",
    );
    await expect(MediaFile.open(folder, 'folder')).rejects.toThrow("'folder' is not a file");
  });
});
