import { describe, expect, it } from 'vitest';
import {
  annexBToAvcc,
  avcConfiguration,
  avccToAnnexB,
  h264FrameSize,
  joinAnnexB,
  parseAvcConfiguration,
  splitAnnexB,
} from './h264-payload.ts';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** Written by x264 for 322 pixels of width. */
const SPS = {
  'constrained baseline, 182 lines': hex('6742c00bda05467889b011000003000100000300148f142aa0'),
  'high, interlaced, 180 lines': hex('67640015acd941533c44980880000003008000000a0f8a14cb'),
  'high 4:4:4 predictive, 182 lines': hex('67f4000c919b282a33c7c5e022000003000200000300281e28532c'),
};
const [BASELINE] = Object.values(SPS);
const PPS = hex('68ce0f2c');

describe('the size in an SPS', () => {
  it.each(Object.entries(SPS))('%s', (what, sps) => {
    expect(h264FrameSize(sps)).toEqual({ width: 322, height: what.includes('180') ? 180 : 182 });
  });

  it('is undefined for an SPS cut before it', () => {
    for (let length = 0; length < 9; length++)
      expect(h264FrameSize(BASELINE.subarray(0, length))).toBeUndefined();
  });
});

describe('an Annex B stream', () => {
  it('is split at short and long start codes, without trailing zeros', () => {
    expect(splitAnnexB(hex('0000 0001 67aa 0000 01 68bb 0000 00 0000 0001 65cc 0000'))).toEqual([
      hex('67aa'),
      hex('68bb'),
      hex('65cc'),
    ]);
  });

  it('holds nothing without a start code, or with start codes only', () => {
    expect(splitAnnexB(hex('67aabb'))).toEqual([]);
    expect(splitAnnexB(hex('00000001 000001'))).toEqual([]);
  });

  it('becomes length-prefixed and back', () => {
    const stream = joinAnnexB([BASELINE, PPS, hex('6588aa')]);
    expect(annexBToAvcc(stream).subarray(-7)).toEqual(hex('00000003 6588aa'));
    expect(avccToAnnexB(annexBToAvcc(stream))).toEqual(stream);
  });

  it('is made of the NAL units before the first that does not fit', () => {
    expect(avccToAnnexB(hex('0002 6588 0009 41'), 2)).toEqual(hex('00000001 6588'));
    expect(avccToAnnexB(hex('0000'), 2)).toEqual(Buffer.alloc(0));
  });
});

describe('an avcC record', () => {
  it('holds profile, level and both parameter sets', () => {
    const record = avcConfiguration(BASELINE, PPS);
    expect(record.subarray(0, 8)).toEqual(hex('01 42c00b ff e1 0019'));
    expect(parseAvcConfiguration(record)).toEqual({ sps: [BASELINE], pps: [PPS], lengthSize: 4 });
  });

  it('is undefined when cut anywhere', () => {
    const record = avcConfiguration(BASELINE, PPS);
    for (let length = 0; length < record.length; length++) {
      expect(parseAvcConfiguration(record.subarray(0, length))).toBeUndefined();
    }
  });
});
