import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SessionTrace } from '@parley/protocol';
import { AdminError } from './admin-api.ts';
import { FETCH_PAUSE_MS, REOPEN_MS, RETRY_MS, SessionWatch, type EventSourceLike } from './session-watch.ts';

class FakeEvents extends EventTarget implements EventSourceLike {
  readyState = 0;
  closed = false;

  override addEventListener(type: string, listener: () => void): void {
    super.addEventListener(type, listener);
  }

  close(): void {
    this.closed = true;
  }

  say(type: 'open' | 'message' | 'error'): void {
    this.dispatchEvent(new Event(type));
  }
}

let events: FakeEvents[];
let fetched: number;
let answer: () => Promise<SessionTrace>;
let watch: SessionWatch;
const trace = (endedAt: number | null) => ({ id: 'session', endedAt }) as SessionTrace;

beforeEach(() => {
  vi.useFakeTimers();
  events = [];
  fetched = 0;
  answer = async () => trace(null);
  watch = new SessionWatch({
    fetchTrace: () => {
      fetched++;
      return answer();
    },
    openEvents: () => {
      const opened = new FakeEvents();
      events.push(opened);
      return opened;
    },
  });
  watch.start();
});

afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

it('fetches at once, and then once a second however often the session changes', async () => {
  await vi.advanceTimersByTimeAsync(0);
  expect(fetched).toBe(1);
  for (let change = 0; change < 50; change++) {
    events[0]?.say('message');
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(fetched).toBe(3);
  await vi.advanceTimersByTimeAsync(FETCH_PAUSE_MS);
  expect(fetched).toBe(4);
  await vi.advanceTimersByTimeAsync(10 * FETCH_PAUSE_MS);
  expect(fetched).toBe(4);
});

it('fetches again when something changed while it was fetching', async () => {
  let arrive: (trace: SessionTrace) => void = () => undefined;
  answer = () => new Promise((resolve) => (arrive = resolve));
  await vi.advanceTimersByTimeAsync(0);
  events[0]?.say('message');
  await vi.advanceTimersByTimeAsync(5 * FETCH_PAUSE_MS);
  expect(fetched).toBe(1);
  arrive(trace(null));
  await vi.advanceTimersByTimeAsync(0);
  expect(fetched).toBe(2);
});

it('does not follow a session that has ended', async () => {
  answer = async () => trace(5);
  await vi.advanceTimersByTimeAsync(0);
  expect(watch.snapshot().following).toBe('over');
  expect(events[0]?.closed).toBe(true);
  await vi.advanceTimersByTimeAsync(10 * REOPEN_MS);
  expect(events).toHaveLength(1);
});

it('says when changes are not told, and fetches what was missed when they are told again', async () => {
  await vi.advanceTimersByTimeAsync(FETCH_PAUSE_MS);
  events[0]?.say('open');
  expect(watch.snapshot().following).toBe('live');
  events[0]?.say('error');
  expect(watch.snapshot().following).toBe('interrupted');
  events[0]?.say('open');
  await vi.advanceTimersByTimeAsync(0);
  expect(watch.snapshot().following).toBe('live');
  expect(fetched).toBe(2);
});

it('opens the events again when the browser has given them up, and hears no more of the old ones', async () => {
  const [first] = events;
  if (first) first.readyState = 2;
  first?.say('error');
  await vi.advanceTimersByTimeAsync(REOPEN_MS);
  expect(events).toHaveLength(2);
  events[1]?.say('open');
  first?.say('error');
  expect(watch.snapshot().following).toBe('live');
});

it('keeps the last trace when a later one cannot be fetched, and stops when it is gone', async () => {
  await vi.advanceTimersByTimeAsync(0);
  answer = () => Promise.reject(new AdminError('unreachable'));
  events[0]?.say('message');
  await vi.advanceTimersByTimeAsync(FETCH_PAUSE_MS);
  expect(watch.snapshot()).toMatchObject({ trace: { id: 'session' }, failure: { reason: 'unreachable' } });
  answer = () => Promise.reject(new AdminError('gone'));
  events[0]?.say('message');
  await vi.advanceTimersByTimeAsync(FETCH_PAUSE_MS);
  expect(watch.snapshot()).toMatchObject({ following: 'over', failure: { reason: 'gone' } });
});

it('fetches again by itself after a failure, though nothing changes', async () => {
  answer = () => Promise.reject(new AdminError('unreachable'));
  await vi.advanceTimersByTimeAsync(0);
  expect(watch.snapshot().failure?.reason).toBe('unreachable');
  answer = async () => trace(null);
  await vi.advanceTimersByTimeAsync(RETRY_MS);
  expect(watch.snapshot()).toMatchObject({ trace: { id: 'session' }, failure: undefined });
  expect(fetched).toBe(2);
});

it('does nothing any more once it is closed', async () => {
  watch.close();
  await vi.advanceTimersByTimeAsync(10 * REOPEN_MS);
  expect(fetched).toBe(0);
  expect(events[0]?.closed).toBe(true);
});
