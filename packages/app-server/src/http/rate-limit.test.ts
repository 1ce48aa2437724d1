import { expect, test } from 'vitest';
import { RateLimit } from './rate-limit.ts';

test('gives a burst, then one each time one has come back, to each address for itself', () => {
  const limit = new RateLimit({ burst: 3, refillMs: 100 });
  const take = (now: number, address = 'a') => limit.take(address, now);
  expect([take(0), take(0), take(0), take(0)]).toEqual([true, true, true, false]);
  expect(take(0, 'b')).toBe(true);
  expect([take(99), take(100), take(100)]).toEqual([false, true, false]);
  expect([take(10_000), take(10_000), take(10_000), take(10_000)]).toEqual([true, true, true, false]);
});

test('counts all addresses of one IPv6 customer as one', () => {
  const limit = new RateLimit({ burst: 2, refillMs: 100 });
  const taken = ['2001:db8::1', '2001:db8::2', '2001:db8::ffff:3', '2001:db8:0:1::1'].map((address) =>
    limit.take(address, 0),
  );
  expect(taken).toEqual([true, true, false, true]);
});

test('does not grow with the number of addresses', () => {
  const limit = new RateLimit({ burst: 1, refillMs: 1 });
  for (let n = 0; n < 50_000; n++) limit.take(String(n), 0);
  expect(limit.take('0', 0)).toBe(true);
});
