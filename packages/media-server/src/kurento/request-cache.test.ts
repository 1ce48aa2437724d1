import { describe, expect, it } from 'vitest';
import { RequestCache } from './request-cache.ts';

describe('RequestCache', () => {
  it('gives an answer again for 20 s', async () => {
    const cache = new RequestCache<string>();
    cache.set('a', Promise.resolve('first'), 1_000);
    expect(await cache.get('a', 20_999)).toBe('first');
    expect(cache.get('a', 21_000)).toBeUndefined();
    cache.set('a', Promise.resolve('second'), 21_000);
    expect(await cache.get('a', 21_001)).toBe('second');
  });

  it('takes requests for the same that differ in nothing but the session', () => {
    const key = RequestCache.key(1, 'create', { type: 'MediaPipeline' });
    expect(RequestCache.key(1, 'create', { type: 'MediaPipeline', sessionId: 's' })).toBe(key);
    expect(RequestCache.key('1', 'create', { type: 'MediaPipeline' })).not.toBe(key);
    expect(RequestCache.key(1, 'describe', { type: 'MediaPipeline' })).not.toBe(key);
    expect(RequestCache.key(1, 'create', { type: 'WebRtcEndpoint' })).not.toBe(key);
  });
});
