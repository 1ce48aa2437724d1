import { describe, expect, it } from 'vitest';
import { ReceiveBandwidth } from './receive-bandwidth.ts';

describe('the bitrate asked of a sender without feedback of its own', () => {
  it('rises while nothing is lost, up to the limit', () => {
    const bandwidth = new ReceiveBandwidth();
    const first = bandwidth.next(0, 2_000_000, false);
    for (let second = 0; second < 60; second++) bandwidth.next(0, 2_000_000, false);
    expect(bandwidth.bitrate).toBeGreaterThan(first);
    expect(bandwidth.bitrate).toBe(2_000_000);
  });

  it('stays at some loss, falls with much, and never below what shows a picture', () => {
    const bandwidth = new ReceiveBandwidth();
    const before = bandwidth.next(0, 0, false);
    expect(bandwidth.next(0.05, 0, false)).toBe(before);
    expect(bandwidth.next(0.5, 0, false)).toBe(Math.round(before * 0.75));
    for (let second = 0; second < 60; second++) bandwidth.next(1, 0, false);
    expect(bandwidth.bitrate).toBe(100_000);
  });

  it('is just the limit for a sender that estimates by itself', () => {
    expect(new ReceiveBandwidth().next(0.5, 300_000, true)).toBe(300_000);
  });
});
