import { describe, expect, it } from 'vitest';
import { ECHO_MS, StopRequests } from './stop-requests.ts';

describe('requests to stop', () => {
  it('end in order at the first one, and at once at a second one', () => {
    const requests = new StopRequests();
    expect(requests.next(1_000, true)).toBe('close');
    expect(requests.next(1_000 + ECHO_MS, true)).toBe('exit');
  });

  it('are one request when npm repeats what the terminal has sent', () => {
    const requests = new StopRequests();
    expect(requests.next(1_000, true)).toBe('close');
    expect(requests.next(1_001, true)).toBe('ignore');
    expect(requests.next(1_000 + ECHO_MS - 1, true)).toBe('ignore');
  });

  it('end at once while nothing has started that needs an order', () => {
    const requests = new StopRequests();
    expect(requests.next(0, false)).toBe('exit');
  });
});
