import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { NoticeBoard, shownNotices } from './notice-board.ts';

let board: NoticeBoard;
let changes: number;

beforeEach(() => {
  vi.useFakeTimers();
  changes = 0;
  board = new NoticeBoard(() => changes++);
});

afterEach(() => {
  board.close();
  vi.useRealTimers();
});

const texts = () => board.all.map(({ text }) => text);

it('counts what is said again, puts it last, and begins its time anew', () => {
  board.add('info', 'Ada joined');
  const id = board.all[0]?.id;
  vi.advanceTimersByTime(5_000);
  board.add('info', 'Bob joined');
  board.add('info', 'Ada joined');
  expect(board.all.map(({ text, count }) => [text, count])).toEqual([
    ['Bob joined', 1],
    ['Ada joined', 2],
  ]);
  expect(board.all[1]?.id).toBe(id);
  vi.advanceTimersByTime(5_999);
  expect(texts()).toEqual(['Bob joined', 'Ada joined']);
  vi.advanceTimersByTime(1);
  expect(texts()).toEqual([]);
});

it('keeps problems until they are dismissed, one by one or all, and no more than a person would read', () => {
  for (let n = 1; n <= 40; n++) board.add('problem', `problem ${n}`);
  board.add('info', 'Ada joined');
  vi.advanceTimersByTime(60_000);
  expect(board.all).toHaveLength(12);
  expect(texts().at(-1)).toBe('problem 40');
  board.remove(board.all[0]?.id ?? NaN);
  expect(texts()[0]).toBe('problem 30');
  board.removeAll();
  expect(texts()).toEqual([]);
});

it('shows the latest and, where there is no room for all, problems rather than who came', () => {
  board.add('problem', 'first');
  board.add('problem', 'second');
  board.add('info', 'Ada joined');
  board.add('info', 'Bob joined');
  const shown = (most: number) => shownNotices(board.all, most).map(({ text }) => text);
  expect(shown(1)).toEqual(['Bob joined']);
  expect(shown(2)).toEqual(['second', 'Bob joined']);
  expect(shown(3)).toEqual(['first', 'second', 'Bob joined']);
  expect(shown(9)).toEqual(texts());
  expect(shownNotices([], 3)).toEqual([]);
});

it('tells each change', () => {
  board.add('info', 'Ada joined');
  board.remove(board.all[0]?.id ?? NaN);
  expect(changes).toBe(2);
});
