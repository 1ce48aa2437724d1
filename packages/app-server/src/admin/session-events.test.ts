import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { SessionInspector } from '../trace/session-inspector.ts';
import { SessionEvents } from './session-events.ts';

/** What a page is sent. */
class Page extends EventEmitter {
  readonly written: string[] = [];
  ended = 0;

  write(text: string): void {
    this.written.push(text);
  }

  end(): void {
    this.ended++;
  }
}

let change: () => void;
let gone: () => void;
let watching: number;
let events: SessionEvents;

beforeEach(() => {
  vi.useFakeTimers();
  watching = 0;
  const watch: SessionInspector['watch'] = (_id, onChange, onGone) => {
    [change, gone] = [onChange, onGone];
    watching++;
    return () => watching--;
  };
  events = new SessionEvents({ inspector: { watch }, maxListeners: 2 });
});
afterEach(() => {
  events.close();
  vi.useRealTimers();
});

function listen(mayKnow = () => true): Page {
  const page = new Page();
  events.tell('stream-0001', page as unknown as ServerResponse, mayKnow);
  return page;
}

const MESSAGE = 'data: changed\n\n';

it('says at once that there is something, then once a second at most, and nothing when nothing changes', () => {
  const page = listen();
  for (let n = 0; n < 50; n++) change();
  expect(page.written).toEqual([MESSAGE]);
  vi.advanceTimersByTime(1_000);
  expect(page.written).toEqual([MESSAGE, MESSAGE]);
  vi.advanceTimersByTime(10_000);
  expect(page.written).toEqual([MESSAGE, MESSAGE]);
  change();
  expect(page.written).toHaveLength(3);
});

it('ends when the page goes, when the session is gone, and when all ends, each once', () => {
  const [one, two] = [listen(), listen()];
  expect(events.full).toBe(true);
  one.emit('close');
  one.emit('close');
  expect([one.ended, events.full, watching]).toEqual([1, false, 1]);
  gone();
  expect([two.ended, watching]).toEqual([1, 0]);
  const three = listen();
  events.close();
  expect([three.ended, watching, vi.getTimerCount()]).toEqual([1, 0, 0]);
});

it('shows that it is there, and ends when the one who looks may not any more', () => {
  let allowed = true;
  const page = listen(() => allowed);
  vi.advanceTimersByTime(15_000);
  expect(page.written).toEqual([MESSAGE, ': still here\n\n']);
  allowed = false;
  vi.advanceTimersByTime(15_000);
  expect([page.written.length, page.ended, watching]).toEqual([2, 1, 0]);
});
