// The threat model names the tests that show its claims: they have to be there, under these names.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { hasTest } from './testing/test-references.ts';

const ROOT = new URL('../../../', import.meta.url);

interface Reference {
  readonly file: string;
  /** Undefined: the file as a whole. */
  readonly name: string | undefined;
}

/** A name belongs to the file that stands before it in the same row. */
function referencesIn(text: string): Reference[] {
  return text.split('\n').flatMap((line) => {
    let file: string | undefined;
    const references: Reference[] = [];
    for (const [, path, name] of line.matchAll(/`((?:packages|e2e)\/[^`]*\.test\.ts)`|"([^"]+)"/g)) {
      if (path !== undefined) file = path;
      if (file !== undefined) references.push({ file, name });
    }
    return references;
  });
}

const model = await readFile(fileURLToPath(new URL('docs/threat-model.md', ROOT)), 'utf8');
const references = referencesIn(model);
const NUMBERS = ['17.1.1', '17.1.2', ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `17.2.${n}`), '17.3.1', '17.3.2'];

it('names tests for each of its claims', () => {
  expect(references.filter(({ name }) => name !== undefined).length).toBeGreaterThan(50);
});

it.each(references)('$file has "$name"', ({ file, name }) => {
  const url = new URL(file, ROOT);
  expect(name === undefined ? existsSync(url) : hasTest(url, name)).toBe(true);
});

it('says of each WebRTC requirement whether it is met', () => {
  for (const number of NUMBERS)
    expect(model).toMatch(
      new RegExp(`^\\| ${number.replaceAll('.', '\\.')} +\\|[^|]+\\| (met|not met)`, 'm'),
    );
});
