import { expect, it } from 'vitest';
import { RefusedFolders } from './refused-folders.ts';

it('tells each folder at most once a minute', () => {
  const refused = new RefusedFolders();
  const told = (folder: string, now: number) => refused.isNews(folder, now);
  expect([told('/a', 0), told('/b', 1), told('/a', 59_999), told('/a', 60_000), told('/b', 60_000)]).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);
});

it('does not let a client that tries ever new folders fill the log', () => {
  const refused = new RefusedFolders();
  const told = Array.from({ length: 1000 }, (_, index) => refused.isNews(`/${index}`, index));
  expect(told.filter(Boolean)).toHaveLength(20);
  expect(refused.isNews('/later', 61_000)).toBe(true);
});
