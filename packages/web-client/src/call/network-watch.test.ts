import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NetworkWatch, type NetworkNews } from './network-watch.ts';

let news: NetworkNews[];
let page: EventTarget;
let shown: EventTarget & { visibilityState: DocumentVisibilityState };
let connection: EventTarget;
let clock: number;
let watch: NetworkWatch;

beforeEach(() => {
  vi.useFakeTimers();
  news = [];
  page = new EventTarget();
  const visible: { visibilityState: DocumentVisibilityState } = { visibilityState: 'visible' };
  shown = Object.assign(new EventTarget(), visible);
  connection = new EventTarget();
  clock = 0;
  const sources = { window: page, document: shown, connection, now: () => clock };
  watch = new NetworkWatch(sources, (what) => news.push(what));
});

afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

/** A timer that fires when it should, or long after. */
async function tick(ms: number): Promise<void> {
  clock += ms;
  await vi.advanceTimersByTimeAsync(1_000);
}

it('tells another network from none', () => {
  page.dispatchEvent(new Event('offline'));
  page.dispatchEvent(new Event('online'));
  connection.dispatchEvent(new Event('change'));
  expect(news).toEqual(['changed', 'changed']);
});

it('notices that the device slept, once, and takes no slow page for it', async () => {
  await tick(1_000);
  await tick(6_000);
  expect(news).toEqual([]);
  await tick(3_600_000);
  await tick(1_000);
  expect(news).toEqual(['woke']);
});

it('tells that the page is looked at again, and not that it is not', () => {
  shown.visibilityState = 'hidden';
  shown.dispatchEvent(new Event('visibilitychange'));
  shown.visibilityState = 'visible';
  shown.dispatchEvent(new Event('visibilitychange'));
  expect(news).toEqual(['shown']);
});

it('says nothing after closing', async () => {
  watch.close();
  page.dispatchEvent(new Event('online'));
  await tick(3_600_000);
  expect(news).toEqual([]);
});
