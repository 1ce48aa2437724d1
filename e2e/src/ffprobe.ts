// What FFmpeg, which nobody here wrote, finds in a media file: its tracks, how many frames can be decoded, its complaints.
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { canInstall, installPackage } from './debian-package.ts';

const run = promisify(execFile);

/**
 * As root on Debian a missing one is installed.
 * @throws Error with one line that says what to type
 */
export function ensureFfmpeg(): void {
  if (spawnSync('ffprobe', ['-version']).status === 0) return;
  if (!canInstall()) throw new Error('no ffprobe was found: type "sudo apt-get install ffmpeg"');
  installPackage('ffmpeg', 'install ffmpeg yourself');
}

export interface Probed {
  /** Such as `mov,mp4,m4a,3gp,3g2,mj2` or `matroska,webm`. */
  readonly format: string;
  /** Of the longest track, in s. */
  readonly seconds: number;
  /** By kind, `audio` or `video`; `frames` were decoded. */
  readonly tracks: Readonly<Partial<Record<string, { codec: string; frames: number }>>>;
  /** Lines of warnings and errors. */
  readonly complaints: string;
}

interface Output {
  readonly format: { readonly format_name: string };
  readonly packets: readonly { readonly pts_time?: string }[];
  readonly streams: readonly {
    readonly codec_type: string;
    readonly codec_name: string;
    readonly nb_read_frames: string;
  }[];
}

/** Reads all of a file. @throws Error when it is no media at all */
export async function probe(path: string): Promise<Probed> {
  const show = 'format=format_name:packet=pts_time:stream=codec_type,codec_name,nb_read_frames';
  const { stdout, stderr } = await run(
    'ffprobe',
    ['-v', 'warning', '-of', 'json', '-count_frames', '-show_packets', '-show_entries', show, path],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const { format, packets, streams } = JSON.parse(stdout) as Output;
  return {
    format: format.format_name,
    // Measured, not told: a file that was cut off tells nothing.
    seconds: Math.max(...packets.map(({ pts_time }) => Number(pts_time ?? 0))),
    tracks: Object.fromEntries(
      streams.map((stream) => [
        stream.codec_type,
        { codec: stream.codec_name, frames: Number(stream.nb_read_frames) },
      ]),
    ),
    complaints: stderr,
  };
}
