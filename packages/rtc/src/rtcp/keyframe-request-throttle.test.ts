import { describe, expect, it } from 'vitest';
import { KeyframeRequestThrottle } from './keyframe-request-throttle.ts';

describe('KeyframeRequestThrottle', () => {
  it('lets the first request through at once, even at time zero', () => {
    expect(new KeyframeRequestThrottle().request(0)).toBe(true);
  });

  it('merges the requests of many receivers into one at the end of the interval', () => {
    const throttle = new KeyframeRequestThrottle(500);
    expect(throttle.request(1000)).toBe(true);
    for (let receiver = 0; receiver < 50; receiver++) expect(throttle.request(1001 + receiver)).toBe(false);
    expect(throttle.due(1499)).toBe(false);
    expect(throttle.due(1500)).toBe(true);
    expect(throttle.due(1500)).toBe(false);
    expect(throttle.due(5000)).toBe(false);
  });

  it('forgets those who wait when a key frame comes', () => {
    const throttle = new KeyframeRequestThrottle(500);
    throttle.request(0);
    throttle.request(100);
    throttle.keyframeSeen();
    expect(throttle.due(500)).toBe(false);
    expect(throttle.request(600)).toBe(true);
  });

  it('makes someone who comes after the key frame wait for the interval only', () => {
    const throttle = new KeyframeRequestThrottle(500);
    throttle.request(0);
    throttle.keyframeSeen();
    expect(throttle.request(200)).toBe(false);
    expect(throttle.due(500)).toBe(true);
  });

  it('sends once when a request and the end of the interval coincide', () => {
    const throttle = new KeyframeRequestThrottle(500);
    throttle.request(0);
    throttle.request(100);
    expect(throttle.request(500)).toBe(true);
    expect(throttle.due(500)).toBe(false);
  });
});
