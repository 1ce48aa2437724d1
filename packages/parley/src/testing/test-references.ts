// Reads which tests a page of documentation names, and which tests there are, so that the two cannot drift apart. For
// tests only. Knows nothing of what a page says about them.
import { existsSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** A link to a test file with the names that stand behind it in code spans: `[watch]: ` and one or more names. */
export interface TestReference {
  /** As the page links to it, relative to the page. */
  readonly file: string;
  /** As Vitest prints them: `describe > it`, the placeholders of `each` not filled in. */
  readonly names: readonly string[];
}

const LINK = /\[([^\]]+)\](?:\(([^)\s]+)\))?((?:(?:,| and)? ?:? ?`[^`]+`)*)/g;

/** Links to test files, written out or by a definition (`[watch]: ../watch.test.ts`) that stands anywhere on the page. */
export function referencesIn(markdown: string): TestReference[] {
  const definitions = new Map(
    [...markdown.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, label = '', target = '']) => [label, target]),
  );
  return [...markdown.replaceAll(/^\[[^\]]+\]: \S+$/gm, '').matchAll(LINK)].flatMap(
    ([, label = '', target, names = '']) => {
      // A label that is defined nowhere makes no link: it is told like a file that is not there.
      const file = target ?? definitions.get(label) ?? (names && `[${label}].test.ts`);
      if (!/\.test\.tsx?$/.test(file)) return [];
      return [{ file, names: [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name) }];
    },
  );
}

/** The full names of the tests in a source file, without those that are switched off. */
export function testNames(source: string): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node, path: readonly string[]): void => {
    const named = ts.isCallExpression(node) ? titled(node) : undefined;
    const here = named ? [...path, named.title] : path;
    // Nothing inside a test is one, whatever the functions there are called.
    if (named?.isTest) return void names.push(here.join(' > '));
    ts.forEachChild(node, (child) => visit(child, here));
  };
  visit(ts.createSourceFile('a.test.tsx', source, ts.ScriptTarget.Latest), []);
  return names;
}

/** What is wrong with a page's references, a line each; empty when every one leads to a test. */
export function brokenReferences(page: URL): string[] {
  return referencesIn(readFileSync(page, 'utf8')).flatMap(({ file, names }) => {
    const url = new URL(file, page);
    if (!existsSync(url)) return [`there is no ${file}`];
    if (names.length === 0) return [`no test of ${file} is named`];
    return names.filter((name) => !hasTest(url, name)).map((name) => `${file} has no test "${name}"`);
  });
}

/** Whether a test of the file has this full name, or this name without some or all of its `describe`. */
export function hasTest(file: URL, name: string): boolean {
  const ending = ` > ${name}`;
  return testNames(readFileSync(file, 'utf8')).some((full) => full === name || full.endsWith(ending));
}

/** `it('…')`, `test.each(…)('…')`, `describe.runIf(…)('…')`; undefined for any other call. */
function titled({ expression, arguments: [first] }: ts.CallExpression) {
  const chain: string[] = [];
  let callee: ts.Expression = expression;
  while (!ts.isIdentifier(callee)) {
    if (ts.isPropertyAccessExpression(callee)) chain.push(callee.name.text);
    else if (!ts.isCallExpression(callee)) return undefined;
    callee = callee.expression;
  }
  const isTest = callee.text === 'it' || callee.text === 'test';
  if (!isTest && callee.text !== 'describe') return undefined;
  if (chain.includes('skip') || chain.includes('todo')) return undefined;
  if (!first || !(ts.isStringLiteralLike(first) || ts.isTemplateExpression(first))) return undefined;
  return { title: textOf(first), isTest };
}

/** What is only known when the test runs is `%s`, as in the titles of `each`. */
function textOf(title: ts.StringLiteralLike | ts.TemplateExpression): string {
  if (ts.isStringLiteralLike(title)) return title.text;
  return title.head.text + title.templateSpans.map(({ literal }) => `%s${literal.text}`).join('');
}
