// Cameras that are nicer to look at than the colours of the tests: painted people who nod, for the pictures of the README.
import { writeFileSync } from 'node:fs';
import { paintedFrame, y4m, type Rgb } from './fake-media.ts';

export interface Portrait {
  /** Of the wall behind, at its top and at its bottom. */
  readonly wall: readonly [Rgb, Rgb];
  readonly skin: Rgb;
  readonly hair: Rgb;
  readonly clothes: Rgb;
}

export const PORTRAITS = {
  ada: {
    wall: [
      [228, 214, 196],
      [186, 160, 136],
    ],
    skin: [214, 164, 132],
    hair: [78, 44, 30],
    clothes: [156, 60, 64],
  },
  bob: {
    wall: [
      [176, 200, 212],
      [104, 136, 156],
    ],
    skin: [142, 96, 70],
    hair: [30, 26, 28],
    clothes: [44, 74, 110],
  },
  cleo: {
    wall: [
      [204, 214, 190],
      [126, 148, 116],
    ],
    skin: [232, 190, 162],
    hair: [186, 132, 64],
    clothes: [72, 104, 84],
  },
} as const satisfies Record<string, Portrait>;

const FRAMES = 10;

/** Writes a camera file for `--use-file-for-fake-video-capture`. */
export function writePortrait(path: string, portrait: Portrait): void {
  const frames = Array.from({ length: FRAMES }, (_, index) => {
    const nod = 0.012 * Math.sin((2 * Math.PI * index) / FRAMES);
    return paintedFrame((x, y) => pixel(portrait, x, y, nod));
  });
  writeFileSync(path, y4m(frames));
}

function pixel({ wall, skin, hair, clothes }: Portrait, x: number, y: number, nod: number): Rgb {
  const [top, bottom] = wall;
  // A picture is 16 wide and 9 high; circles should be round.
  const across = (x - 0.5) * (16 / 9);
  const inside = (centreY: number, width: number, height: number) =>
    (across / width) ** 2 + ((y - centreY) / height) ** 2 < 1;
  // Light falls from the left.
  const shade = (colour: Rgb) => mix(colour, [20, 16, 20], Math.max(0, across) * 0.45);
  const eye = ((Math.abs(across) - 0.07) / 0.017) ** 2 + ((y - 0.43 - nod) / 0.02) ** 2 < 1;
  const smile = inside(0.5 + nod, 0.075, 0.052) && !inside(0.485 + nod, 0.085, 0.052);
  if (inside(0.46 + nod, 0.17, 0.23)) {
    if (inside(0.28 + nod, 0.2, 0.1)) return shade(hair);
    if (eye) return [40, 30, 34];
    return smile ? mix(skin, [120, 30, 40], 0.5) : shade(skin);
  }
  if (inside(0.42 + nod, 0.2, 0.25)) return shade(hair);
  if (inside(1.1, 0.44, 0.36)) return shade(clothes);
  if (Math.abs(across) < 0.075 && y > 0.5 && y < 0.85) return mix(skin, [20, 16, 20], 0.25);
  return mix(mix(top, bottom, y), [255, 250, 240], Math.max(0, 0.35 - Math.hypot(across + 0.7, y)));
}

function mix(a: Rgb, b: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2) => a[index] + (b[index] - a[index]) * Math.min(1, share);
  return [part(0), part(1), part(2)];
}
