// What pages of documentation say about tests is so.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { brokenReferences, referencesIn } from './testing/test-references.ts';

describe('docs/regressions.md', () => {
  const PAGE = new URL('../../../docs/regressions.md', import.meta.url);
  const page = readFileSync(PAGE, 'utf8');

  it('names only tests that there are', () => {
    expect(brokenReferences(PAGE)).toEqual([]);
  });

  it.each([
    ['Weaknesses of the design', count(26)],
    ['Regressions of the issue tracker', issues()],
    ['Forty checks', count(40)],
  ])('goes through all of "%s", each once', (heading, numbers) => {
    const told = rowsBelow(page, heading).flatMap(([cell = '']) => cell.match(/\d+/g)?.map(Number) ?? []);
    expect(told.sort((a, b) => a - b)).toEqual(numbers);
  });

  it('says of each entry what guards against it, or that it is not here or not guarded', () => {
    const definitions = page.slice(page.indexOf('\n[app-server]: '));
    const open = ['Weaknesses of the design', 'Regressions of the issue tracker', 'Forty checks']
      .flatMap((heading) => rowsBelow(page, heading))
      .filter(([, , guard = '']) => !/^Not (here|guarded): \S/.test(guard))
      .filter(([, , guard = '']) => referencesIn(guard + definitions).length === 0);
    expect(open).toEqual([]);
  });
});

/** The cells of all rows of the tables below a heading of the second level. */
function rowsBelow(page: string, heading: string): string[][] {
  const [, below = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = below.split('\n## ');
  const rows = section.split('\n').filter((line) => /^\| *\d/.test(line));
  return rows
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
    .map((row) => row.map((cell) => cell.trim()));
}

function count(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

/** The issues of the original that were about what Parley does as well, by number. */
function issues(): number[] {
  return [
    1715, 2023, 2029, 2035, 2046, 2049, 2054, 2099, 2101, 2111, 2115, 2132, 2135, 2153, 2206, 2207, 2209,
    2226, 2253, 2263, 2278, 2299, 2301, 2315, 2316, 2327, 2331, 2338, 2355, 2368, 2395, 2422, 2424, 2492,
    2493, 2502, 2507, 2523, 2562, 2573, 2580, 2587, 2592, 2700, 2739, 2762, 2763, 2764, 2767, 2821,
  ];
}
