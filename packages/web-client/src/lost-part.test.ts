import { beforeEach, expect, it, vi } from 'vitest';
import { LostPartError, loadPart, type LostPartTools } from './lost-part.ts';

let kept: Map<string, string>;
let reloads: number;
let tools: LostPartTools;

beforeEach(() => {
  vi.spyOn(console, 'warn').mockReturnValue();
  vi.spyOn(console, 'info').mockReturnValue();
  kept = new Map();
  reloads = 0;
  tools = {
    serverAnswers: async () => true,
    reload: () => reloads++,
    memory: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
      removeItem: (key) => void kept.delete(key),
    },
  };
});

const gone = () => Promise.reject(new TypeError('Failed to fetch dynamically imported module'));

it('a part that is gone has the page loaded anew once, and is a failure after that', async () => {
  void loadPart('the administration', gone, tools);
  await vi.waitFor(() => expect(reloads).toBe(1), 10_000);
  // As after the reload: the tab remembers.
  await expect(loadPart('the administration', gone, tools)).rejects.toThrow(LostPartError);
  expect(reloads).toBe(1);
});

it('after a part has come, the next loss has the page loaded anew again', async () => {
  void loadPart('the administration', gone, tools);
  await vi.waitFor(() => expect(reloads).toBe(1), 10_000);
  expect(await loadPart('the administration', async () => 'pages', tools)).toBe('pages');
  void loadPart('the administration', gone, tools);
  await vi.waitFor(() => expect(reloads).toBe(2), 10_000);
});

it.each([
  ['the server cannot be reached', () => (tools.serverAnswers = async () => false)],
  [
    'the tab cannot remember that it did',
    () =>
      (tools.memory.setItem = () => {
        throw new Error('storage is forbidden');
      }),
  ],
])('the page is not loaded anew when %s', async (_why, arrange) => {
  arrange();
  await expect(loadPart('the administration', gone, tools)).rejects.toThrow(LostPartError);
  expect(reloads).toBe(0);
});
