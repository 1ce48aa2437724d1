// A film in an MP4 file, made by FFmpeg: one colour, then another, with a block that moves and a tone all along.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { COLOURS, type Colour } from '../fake-media.ts';
import { ensureFfmpeg } from '../ffprobe.ts';

const run = promisify(execFile);

export interface Movie {
  readonly colours: readonly [Colour, Colour];
  /** Of each colour. */
  readonly seconds: number;
  readonly hz: number;
  /** What calls do not use is a track that is not played. */
  readonly sound: 'opus' | 'aac';
}

/** Writes it: H.264 without B-frames, a key frame each second, the index at the end. @throws Error with FFmpeg's words */
export async function makeMovie(path: string, { colours, seconds, hz, sound }: Movie): Promise<void> {
  // It comes with ffprobe.
  ensureFfmpeg();
  const flat = colours.map((colour, index) => {
    const rgb = COLOURS[colour].map((part) => part.toString(16).padStart(2, '0')).join('');
    return `color=c=0x${rgb}:s=320x180:r=15:d=${seconds}[flat${index}]`;
  });
  const picture = [
    ...flat,
    '[flat0][flat1]concat=n=2:v=1[flat]',
    'color=c=white:s=40x40:r=15[block]',
    `[flat][block]overlay=x='mod(t*100,280)':y=120:shortest=1,format=yuv420p`,
  ].join(';');
  await run('ffmpeg', [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-y'],
    ...['-f', 'lavfi', '-i', picture],
    ...['-f', 'lavfi', '-i', `sine=frequency=${hz}:sample_rate=48000:duration=${2 * seconds}`],
    ...[
      '-map',
      '0:v',
      '-c:v',
      'libx264',
      '-profile:v',
      'main',
      '-preset',
      'ultrafast',
      '-bf',
      '0',
      '-g',
      '15',
    ],
    ...['-map', '1:a', '-c:a', sound === 'opus' ? 'libopus' : 'aac', '-ac', '2'],
    path,
  ]);
}
