// For tests: the frames of small real files (made once by ffmpeg: a test picture and a 440 Hz tone), and of recordings.
import { fileURLToPath } from 'node:url';
import { MediaFile, type FileFrame } from '../../playing/media-file.ts';

/** 2 s, VP8 of 160x90 at 25 frames per second with a key frame each 0.8 s, and Opus. */
export const CLIP = fileURLToPath(new URL('../../playing/fixtures/vp8-opus.webm', import.meta.url));

/** 1 s, H.264 Constrained Baseline, 160x90 at 25 frames per second with a key frame each 0.4 s, no sound. */
export const H264_CLIP = fileURLToPath(new URL('../../playing/fixtures/h264.mkv', import.meta.url));

export interface Clip {
  readonly audio: readonly FileFrame[];
  readonly video: readonly FileFrame[];
}

/** All frames of a file, in the order of their time within each kind. */
export async function readClip(path: string): Promise<Clip> {
  const file = await MediaFile.open(path, path);
  const audio: FileFrame[] = [];
  const video: FileFrame[] = [];
  for await (const frame of file.frames(0)) (frame.kind === 'audio' ? audio : video).push(frame);
  await file.close();
  return { audio, video };
}

/** Short names of frames' contents, to compare lists of them. */
export function contents(frames: readonly { readonly data: Uint8Array }[]): string[] {
  return frames.map(({ data }) => Buffer.from(data).toString('base64').slice(0, 40) + data.length);
}
