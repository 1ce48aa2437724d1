import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MessagePace } from './message-pace.ts';

const HOUR = 3_600_000;
let pace: MessagePace;

beforeEach(() => {
  vi.useFakeTimers();
  pace = new MessagePace();
});
afterEach(() => {
  pace.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

it('lets honest messages pass: a pointer that moves, to forty viewers', () => {
  for (let sent = 0; sent < 1_250; sent++) expect(pace.passed(40, HOUR + sent * 8)).toBeUndefined();
});

it('lets a flood wait, for as long as it was too much', async () => {
  const over = vi.fn();
  for (let sent = 0; sent < 250; sent++) expect(pace.passed(20, HOUR)).toBeUndefined();
  void pace.passed(500, HOUR)?.then(over);
  await vi.advanceTimersByTimeAsync(100);
  expect(over).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(50);
  expect(over).toHaveBeenCalled();
  // There is room for a few then, not for another burst.
  expect(pace.passed(20, HOUR + 150)).toBeUndefined();
  expect(pace.passed(500, HOUR + 150)).toBeDefined();
});

it('lets nobody wait when it is closed', async () => {
  const over = vi.fn();
  void pace.passed(50_000, HOUR)?.then(over);
  pace.close();
  await Promise.resolve();
  expect(over).toHaveBeenCalled();
  expect(pace.passed(50_000, HOUR)).toBeUndefined();
});
