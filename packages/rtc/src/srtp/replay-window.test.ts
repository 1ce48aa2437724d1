import { describe, expect, it } from 'vitest';
import { ReplayWindow } from './replay-window.ts';

describe('ReplayWindow', () => {
  it.each([0, 65_534, 2 ** 32 - 2, 2 ** 48 - 200])('accepts each index once, from %d on', (start) => {
    const window = new ReplayWindow(64);
    const order = [0, 3, 1, 2, 63, 64, 40, 127, 66];
    for (const offset of order) {
      expect(window.accepts(start + offset)).toBe(true);
      window.add(start + offset);
      expect(window.accepts(start + offset)).toBe(false);
    }
    expect(window.highest).toBe(start + 127);
  });

  it('refuses what is older than its size, seen or not', () => {
    const window = new ReplayWindow(64);
    window.add(100);
    expect(window.accepts(37)).toBe(true);
    expect(window.accepts(36)).toBe(false);
    expect(new ReplayWindow(64).accepts(-1)).toBe(false);
  });

  it('forgets the places it reuses, after short and after long jumps', () => {
    const window = new ReplayWindow(64);
    for (let index = 0; index < 64; index++) window.add(index);
    window.add(70);
    for (let index = 64; index < 70; index++) expect(window.accepts(index)).toBe(true);
    for (let index = 7; index < 64; index++) expect(window.accepts(index)).toBe(false);
    window.add(70 + 64);
    for (let index = 71; index < 134; index++) expect(window.accepts(index)).toBe(true);
  });

  it('changes nothing by asking', () => {
    const window = new ReplayWindow(64);
    window.add(5);
    window.accepts(1_000_000);
    expect(window.accepts(4)).toBe(true);
    expect(window.highest).toBe(5);
  });
});
