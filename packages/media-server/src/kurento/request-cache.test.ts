import { describe, expect, it } from 'vitest';
import { RequestCache } from './request-cache.ts';

const key = (digest: string, bytes = 1) => ({ digest, bytes });
const answer = Promise.resolve('');

describe('RequestCache', () => {
  it('gives an answer again for 20 s', async () => {
    const cache = new RequestCache<string>(({ length }) => length);
    cache.set(key('a'), Promise.resolve('first'), 1_000);
    expect(await cache.get(key('a'), 20_999)).toBe('first');
    expect(cache.get(key('a'), 21_000)).toBeUndefined();
    cache.set(key('a'), Promise.resolve('second'), 21_000);
    expect(await cache.get(key('a'), 21_001)).toBe('second');
  });

  it('takes requests for the same that differ in nothing but the session', () => {
    const { digest } = RequestCache.key(1, 'create', { type: 'MediaPipeline' });
    expect(RequestCache.key(1, 'create', { type: 'MediaPipeline', sessionId: 's' }).digest).toBe(digest);
    expect(RequestCache.key('1', 'create', { type: 'MediaPipeline' }).digest).not.toBe(digest);
    expect(RequestCache.key(1, 'describe', { type: 'MediaPipeline' }).digest).not.toBe(digest);
    expect(RequestCache.key(1, 'create', { type: 'WebRtcEndpoint' }).digest).not.toBe(digest);
  });

  it('forgets the oldest first when there are too many, or when they are too long', () => {
    const cache = new RequestCache<string>(({ length }) => length);
    for (let count = 0; count <= 10_000; count++) cache.set(key(String(count)), answer, 0);
    expect([cache.get(key('0'), 0), cache.get(key('1'), 0)]).toEqual([undefined, answer]);
    cache.set(key('long', 4 * 1024 * 1024 - 1), answer, 0);
    expect(cache.get(key('9999'), 0)).toBeUndefined();
    expect(cache.get(key('10000'), 0)).toBe(answer);
    cache.set(key('longer', 5 * 1024 * 1024), answer, 0);
    expect(cache.get(key('10000'), 0)).toBeUndefined();
    expect(cache.get(key('longer'), 0)).toBe(answer);
  });

  it('counts answers by their length as well, once they are there', async () => {
    const cache = new RequestCache<string>(({ length }) => length);
    const long = Promise.resolve('x'.repeat(3 * 1024 * 1024));
    cache.set(key('first'), long, 0);
    cache.set(key('second'), long, 0);
    await long;
    expect(cache.get(key('first'), 0)).toBeUndefined();
    expect(cache.get(key('second'), 0)).toBe(long);
    cache.set(key('third', 2 * 1024 * 1024), answer, 0);
    expect(cache.get(key('second'), 0)).toBeUndefined();
  });

  it('does not count what it has forgotten', () => {
    const cache = new RequestCache<string>(({ length }) => length);
    for (let now = 0; now < 30_000; now += 10_000) cache.set(key('same', 3 * 1024 * 1024), answer, now);
    cache.forgetOld(50_000);
    cache.set(key('one', 2 * 1024 * 1024), answer, 50_000);
    cache.set(key('two', 2 * 1024 * 1024), answer, 50_000);
    expect(cache.get(key('one'), 50_000)).toBe(answer);
  });
});
