import type { EncodedFrame } from '@parley/rtc';
import { expect, it } from 'vitest';
import { VP8 } from './testing/fake-source.ts';
import { videoSettings } from './track-settings.ts';

const keyframe = (width: number, height: number): EncodedFrame => ({
  data: Buffer.alloc(1),
  timestamp: 0,
  keyframe: true,
  width,
  height,
});

it.each([
  ['wide', 640, 360],
  ['upright', 480, 854],
  ['of odd numbers', 641, 359],
])('a picture that is %s is said to be as wide and as high as its key frame', (_, width, height) => {
  expect(videoSettings(VP8, keyframe(width, height))?.decoderConfig).toEqual({
    codec: 'vp8',
    codedWidth: width,
    codedHeight: height,
  });
});
