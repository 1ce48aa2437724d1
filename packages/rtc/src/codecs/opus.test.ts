import { describe, expect, it } from 'vitest';
import { opusPacketDuration } from './opus.ts';

describe('the duration of an opus packet', () => {
  it.each([
    ['CELT fullband 20 ms, one frame', [0xf8, 1, 2], 960],
    ['CELT 2.5 ms, one frame', [0x80], 120],
    ['CELT 10 ms, two frames of equal size', [0xf1, 1, 2], 960],
    ['SILK wideband 60 ms, two frames of different size', [0x5a, 1, 2], 5760],
    ['SILK 40 ms, one frame', [0x10, 0], 1920],
    ['hybrid 10 ms', [0x60, 0], 480],
    ['hybrid 20 ms, three frames by count', [0x6b, 0x83, 0], 2880],
    ['CELT 2.5 ms, 48 frames: the most there may be', [0x83, 48, 0], 5760],
  ])('%s', (_what, bytes, samples) => {
    expect(opusPacketDuration(Buffer.from(bytes))).toBe(samples);
  });

  it.each([
    ['an empty packet', []],
    ['a missing count', [0x83]],
    ['a count of none', [0x83, 0]],
    ['more than 120 ms', [0x83, 49]],
  ])('is 0 for %s', (_what, bytes) => {
    expect(opusPacketDuration(Buffer.from(bytes))).toBe(0);
  });
});
