import { describe, expect, it } from 'vitest';
import { KeyedRateLimit, TokenBucket } from './token-bucket.ts';

const RATE = { perSecond: 10, burst: 3 };

/** How many of ten attempts at this time succeed. */
function granted(take: (now: number) => boolean, now: number): number {
  return Array.from({ length: 10 }, () => take(now)).filter(Boolean).length;
}

describe('TokenBucket', () => {
  it('gives its burst, then its rate, and never more than the burst after a pause', () => {
    const bucket = new TokenBucket(RATE, 1000);
    const take = (now: number) => bucket.take(1, now);
    expect(granted(take, 1000)).toBe(3);
    expect(granted(take, 1099)).toBe(0);
    expect(granted(take, 1200)).toBe(2);
    expect(granted(take, 1_000_000)).toBe(3);
  });

  it('gives all of an amount or nothing', () => {
    const bucket = new TokenBucket(RATE, 0);
    expect([bucket.take(4, 0), bucket.take(2, 0), bucket.take(2, 0), bucket.take(1, 0)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  it('is not confused by a time that goes back', () => {
    const bucket = new TokenBucket(RATE, 1000);
    expect(granted((now) => bucket.take(1, now), 0)).toBe(3);
  });
});

describe('KeyedRateLimit', () => {
  it('remembers a bounded number of sources, and the busy ones longest', () => {
    const limit = new KeyedRateLimit(RATE, 4);
    expect(granted((now) => limit.take('busy', now), 0)).toBe(3);
    for (let source = 0; source < 100; source++) {
      limit.take(`source ${source}`, 0);
      expect(limit.take('busy', 0)).toBe(false);
      expect(limit.size).toBeLessThanOrEqual(4);
    }
    expect(limit.take('source 0', 0)).toBe(true);
  });
});
