import { describe, expect, it } from 'vitest';
import { PacketHistory } from './packet-history.ts';

describe.each([0, 65534, 2 ** 31 - 2, -5])('PacketHistory starting at %i', (start) => {
  it('gives back each of the last packets, and none that is older', () => {
    const history = new PacketHistory<string>(8);
    for (let step = 0; step < 100; step++) {
      history.put(start + step, `packet ${step}`);
      for (let back = 0; back < 8 && back <= step; back++) {
        expect(history.get(start + step - back)).toBe(`packet ${step - back}`);
      }
      expect(history.get(start + step - 8)).toBeUndefined();
    }
  });

  it('does not answer for a lost packet with what its slot held before', () => {
    const history = new PacketHistory<string>(4);
    for (const step of [0, 1, 2, 3, 4, 6]) history.put(start + step, `packet ${step}`);
    expect(history.get(start + 5)).toBeUndefined();
    expect(history.get(start + 1)).toBe('packet 1');
    history.put(start + 5, 'late');
    expect(history.get(start + 5)).toBe('late');
    expect(history.get(start + 1)).toBeUndefined();
  });

  it('does not let a packet from a ring ago push out a newer one', () => {
    const history = new PacketHistory<string>(4);
    history.put(start + 4, 'newer');
    history.put(start, 'older');
    expect(history.get(start + 4)).toBe('newer');
    expect(history.get(start)).toBeUndefined();
  });
});

describe('PacketHistory', () => {
  it('says of a number that it has, or may have had, that it does not keep it', () => {
    const history = new PacketHistory<string>(4);
    expect(history.put(-1, 'first')).toBe(true);
    expect(history.put(-1, 'again')).toBe(false);
    expect(history.get(-1)).toBe('first');
    expect(history.put(3, 'a ring later')).toBe(true);
    expect(history.put(-1, 'again')).toBe(false);
  });

  it('rounds its capacity up to a power of two, and refuses senseless ones', () => {
    const history = new PacketHistory<number>(5);
    for (let sequence = 0; sequence < 8; sequence++) history.put(sequence, sequence);
    expect(history.get(0)).toBe(0);
    for (const capacity of [0, -1, NaN, 65_537]) {
      expect(() => new PacketHistory(capacity)).toThrow(RangeError);
    }
  });

  it('holds nothing after it was cleared', () => {
    const history = new PacketHistory<number>(4);
    history.put(0, 1);
    history.clear();
    expect(history.get(0)).toBeUndefined();
    history.put(-4, 2);
    expect(history.get(-4)).toBe(2);
  });
});
