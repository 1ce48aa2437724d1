// What a participant's camera and microphone deliver in the tests: one flat colour with a block that moves across it,
// and one beeping tone. Written as the files that Chromium's fake devices read.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Rgb = readonly [red: number, green: number, blue: number];

/** Far enough apart that no codec, scaler or colour range turns one into another. Green is Chromium's fake screen. */
export const COLOURS = {
  red: [200, 40, 40],
  blue: [50, 80, 210],
  yellow: [220, 200, 40],
  cyan: [40, 180, 200],
  green: [0, 128, 0],
} as const satisfies Record<string, Rgb>;
export type Colour = keyof typeof COLOURS;

export interface FakeMedia {
  readonly colour: Colour;
  /** Frequency of the tone. */
  readonly hz: number;
}

export interface FakeMediaFiles {
  readonly video: string;
  readonly audio: string;
}

const WIDTH = 640;
const HEIGHT = 360;
const FRAMES_PER_SECOND = 15;
/** One pass of the block; Chromium starts over at the end. */
const FRAMES = 15;
const BLOCK = 64;

const SAMPLE_RATE = 48_000;
const AUDIO_SECONDS = 2;
/** Chromium's noise suppression takes away a steady tone within seconds, but not one that comes and goes. */
const BEEP_SECONDS = 0.5;
const AMPLITUDE = 0.5;

/** Writes both files into `folder`, about 5 MB together. */
export function writeFakeMedia(folder: string, { colour, hz }: FakeMedia): FakeMediaFiles {
  mkdirSync(folder, { recursive: true });
  const files = { video: join(folder, `${colour}.y4m`), audio: join(folder, `${hz}.wav`) };
  writeFileSync(files.video, y4m(flatFrames(COLOURS[colour])));
  writeFileSync(files.audio, wav(hz));
  return files;
}

/** One frame: brightness of each pixel, then both colour differences of each block of 2 by 2, rows from the top. */
function flatFrames(colour: Rgb): Buffer[] {
  const [y, u, v] = yuv(colour);
  const flat = Buffer.concat([
    Buffer.alloc(WIDTH * HEIGHT, y),
    Buffer.alloc((WIDTH * HEIGHT) / 4, u),
    Buffer.alloc((WIDTH * HEIGHT) / 4, v),
  ]);
  return Array.from({ length: FRAMES }, (_, index) => {
    const frame = Buffer.from(flat);
    const left = Math.round(((WIDTH - BLOCK) * index) / (FRAMES - 1));
    // Only brightness: the block is a lighter or darker patch of the same colour.
    for (let row = HEIGHT - 2 * BLOCK; row < HEIGHT - BLOCK; row++)
      frame.fill(y > 128 ? 40 : 220, row * WIDTH + left, row * WIDTH + left + BLOCK);
    return frame;
  });
}

/** A frame whose pixels are painted one by one; `x` and `y` run from 0 to 1, from the left and the top. */
export function paintedFrame(paint: (x: number, y: number) => Rgb): Buffer {
  const frame = Buffer.alloc((WIDTH * HEIGHT * 3) / 2);
  for (let row = 0; row < HEIGHT; row++)
    for (let column = 0; column < WIDTH; column++) {
      const [y, u, v] = yuv(paint(column / WIDTH, row / HEIGHT));
      frame[row * WIDTH + column] = y;
      if (row % 2 === 1 || column % 2 === 1) continue;
      const block = WIDTH * HEIGHT + ((row / 2) * WIDTH) / 2 + column / 2;
      frame[block] = u;
      frame[block + (WIDTH * HEIGHT) / 4] = v;
    }
  return frame;
}

/** A YUV4MPEG2 file of frames in BT.601 limited range, as cameras give them. */
export function y4m(frames: readonly Buffer[]): Buffer {
  const header = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n`);
  return Buffer.concat([header, ...frames.flatMap((frame) => [Buffer.from('FRAME\n'), frame])]);
}

function yuv([red, green, blue]: Rgb): [number, number, number] {
  return [
    Math.round(16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255),
    Math.round(128 + (-37.797 * red - 74.203 * green + 112 * blue) / 255),
    Math.round(128 + (112 * red - 93.786 * green - 18.214 * blue) / 255),
  ];
}

/** 16-bit mono PCM in a RIFF header of 44 bytes. */
function wav(hz: number): Buffer {
  const samples = SAMPLE_RATE * AUDIO_SECONDS;
  const file = Buffer.alloc(44 + samples * 2);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22); // one channel
  file.writeUInt32LE(SAMPLE_RATE, 24);
  file.writeUInt32LE(SAMPLE_RATE * 2, 28); // bytes per second
  file.writeUInt16LE(2, 32); // bytes per sample
  file.writeUInt16LE(16, 34); // bits per sample
  file.write('data', 36);
  file.writeUInt32LE(samples * 2, 40);
  for (let index = 0; index < samples; index++) {
    const seconds = index / SAMPLE_RATE;
    const envelope = Math.max(0, Math.sin((Math.PI * seconds) / BEEP_SECONDS));
    file.writeInt16LE(
      Math.round(32_767 * AMPLITUDE * envelope * Math.sin(2 * Math.PI * hz * seconds)),
      44 + index * 2,
    );
  }
  return file;
}
