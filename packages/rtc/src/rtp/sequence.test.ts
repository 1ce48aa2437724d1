import { describe, expect, it } from 'vitest';
import { isNewerSequence, sequenceDistance, SequenceUnwrapper, TimestampUnwrapper } from './sequence.ts';

describe('sequence arithmetic', () => {
  it.each([
    [0, 1, 1],
    [65534, 65535, 1],
    [65535, 0, 1],
    [0, 65535, -1],
    [65534, 3, 5],
    [3, 65534, -5],
    [7, 7, 0],
    [0, 32767, 32767],
    [0, 32768, -32768],
    [65535, 32767, -32768],
  ])('takes the shorter way from %i to %i', (from, to, distance) => {
    expect(sequenceDistance(from, to)).toBe(distance);
  });

  it('calls a number newer across the wrap-around, and never newer than itself', () => {
    expect(isNewerSequence(0, 65535)).toBe(true);
    expect(isNewerSequence(65535, 0)).toBe(false);
    expect(isNewerSequence(65535, 65535)).toBe(false);
  });
});

describe.each([0, 1, 65534, 65535])('SequenceUnwrapper starting at %i', (start) => {
  it('keeps the first number and counts on through three wrap-arounds', () => {
    const unwrapper = new SequenceUnwrapper();
    for (let step = 0; step < 200_000; step += 37) {
      expect(unwrapper.unwrap((start + step) & 0xffff)).toBe(start + step);
    }
  });

  it('places duplicates and reordered numbers, even from before the first', () => {
    const unwrapper = new SequenceUnwrapper();
    for (const step of [0, 2, 1, 1, 3, -1, -3, 5, 4, 5]) {
      const extended = unwrapper.unwrap((start + step) & 0xffff);
      expect(extended).toBe(start + step);
      expect(extended & 0xffff).toBe((start + step) & 0xffff);
    }
  });

  it('is not led astray by a late packet far behind', () => {
    const unwrapper = new SequenceUnwrapper();
    unwrapper.unwrap(start);
    expect(unwrapper.unwrap((start + 30_000) & 0xffff)).toBe(start + 30_000);
    expect(unwrapper.unwrap((start - 2_000) & 0xffff)).toBe(start - 2_000);
    expect(unwrapper.unwrap((start + 60_000) & 0xffff)).toBe(start + 60_000);
  });
});

describe('TimestampUnwrapper', () => {
  it.each([0, 2 ** 32 - 3000, 2 ** 31 - 1])('counts on through the wrap-around from %i', (start) => {
    const unwrapper = new TimestampUnwrapper();
    for (let frame = 0; frame < 10_000; frame++) {
      const timestamp = start + frame * 2_000_003;
      expect(unwrapper.unwrap(timestamp % 2 ** 32)).toBe(timestamp);
    }
  });

  it('goes below zero for what came before a first timestamp near zero', () => {
    const unwrapper = new TimestampUnwrapper();
    expect(unwrapper.unwrap(1000)).toBe(1000);
    expect(unwrapper.unwrap(2 ** 32 - 2000)).toBe(-2000);
    expect(unwrapper.unwrap(4000)).toBe(4000);
  });
});
