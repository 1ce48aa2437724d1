import { describe, expect, it } from 'vitest';
import { gridLayout, presentationLayout, TILE_ASPECT, TILE_GAP, type Rectangle } from './grid-layout.ts';

const AREAS: [string, Rectangle][] = [
  ['a laptop', { left: 0, top: 0, width: 1248, height: 640 }],
  ['a phone', { left: 0, top: 0, width: 340, height: 560 }],
  ['a phone on its side', { left: 0, top: 0, width: 700, height: 230 }],
];

const overlaps = (a: Rectangle, b: Rectangle) =>
  a.left < b.left + b.width &&
  b.left < a.left + a.width &&
  a.top < b.top + b.height &&
  b.top < a.top + a.height;

describe.each(AREAS)('on %s', (_, area) => {
  const inside = ({ left, top, width, height }: Rectangle) =>
    left >= 0 && top >= 0 && left + width <= area.width + 1 && top + height <= area.height + 1;

  it.each([1, 2, 3, 5, 7, 12, 30])('%i tiles are 16:9, inside the area, and cover nothing', (count) => {
    const tiles = gridLayout(count, area);
    expect(tiles).toHaveLength(count);
    expect(tiles.every(inside)).toBe(true);
    for (const tile of tiles) expect(Math.abs(tile.width / TILE_ASPECT - tile.height)).toBeLessThanOrEqual(1);
    for (const [index, tile] of tiles.entries())
      expect(tiles.slice(index + 1).some((other) => overlaps(tile, other))).toBe(false);
  });

  it.each([0, 1, 2, 11])('a screen gets more than half of the area beside %i people', (people) => {
    const [screen, ...tiles] = presentationLayout(people, area);
    expect(tiles).toHaveLength(people);
    expect((screen?.width ?? 0) * (screen?.height ?? 0)).toBeGreaterThan((area.width * area.height) / 2);
    expect(tiles.every(inside)).toBe(true);
    expect(tiles.some((tile) => screen && overlaps(screen, tile))).toBe(false);
  });
});

it('puts two people side by side where it is wide and one above the other where it is narrow', () => {
  const [first, second] = gridLayout(2, { left: 0, top: 0, width: 1200, height: 600 });
  expect(first?.top).toBe(second?.top);
  const [upper, lower] = gridLayout(2, { left: 0, top: 0, width: 340, height: 560 });
  expect(upper?.left).toBe(lower?.left);
  expect((lower?.top ?? 0) - (upper?.top ?? 0)).toBe((upper?.height ?? 0) + TILE_GAP);
});

it('copes with an area that is not there yet', () => {
  expect(gridLayout(3, { left: 0, top: 0, width: 0, height: 0 })).toHaveLength(3);
});
