import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokenReferences, referencesIn, testNames } from './test-references.ts';

describe('the tests of a file', () => {
  it('have the names that Vitest prints, whatever stands between the word and the name', () => {
    const source = `
      import { test as it } from 'vitest';
      describe.each(ways)('over %s', () => {
        it('goes', () => { test; });
        it.each([['a', 'b']])('goes "%s"', async () => {});
        describe('inside', () => it.runIf(ready)(\`goes\`, () => {}));
        it(\`goes \${n} times\`, () => {});
      });
      test('goes, too', () => expect(it('x', 1).y).toBe(1));`;
    expect(testNames(source)).toEqual([
      'over %s > goes',
      'over %s > goes "%s"',
      'over %s > inside > goes',
      'over %s > goes %s times',
      'goes, too',
    ]);
  });

  it('are not those in comments, in texts, or switched off', () => {
    const source = `// it('one')\nconst text = "it('two')";\nit.skip('three', () => {});\nit.todo('four');\nrun('five');`;
    expect(testNames(source)).toEqual([]);
  });
});

describe('the references of a page', () => {
  it('are links to test files with names in code behind them, written out or by definition', () => {
    const page = [
      '| 1 | [watch]: `one`, `two > three` and [inbox](src/inbox.test.ts): `four`, see [design](design.md) |',
      'and [watch], which names none, and `five`',
      '',
      '[watch]: ../watch.test.tsx',
    ].join('\n');
    expect(referencesIn(page)).toEqual([
      { file: '../watch.test.tsx', names: ['one', 'two > three'] },
      { file: 'src/inbox.test.ts', names: ['four'] },
      { file: '../watch.test.tsx', names: [] },
    ]);
  });

  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-page-'));
    writeFileSync(join(folder, 'a.test.ts'), "describe('a', () => { it('is there', () => {}); });");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are broken when the link, the file or the test is not there, or no test is named', () => {
    const page = join(folder, 'page.md');
    writeFileSync(
      page,
      '[a](a.test.ts): `a > is there`, `is there`, `there` [b](b.test.ts): `x` [a](a.test.ts) [c]: `y`',
    );
    expect(brokenReferences(pathToFileURL(page))).toEqual([
      'a.test.ts has no test "there"',
      'there is no b.test.ts',
      'no test of a.test.ts is named',
      'there is no [c].test.ts',
    ]);
  });
});
