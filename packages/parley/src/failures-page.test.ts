// docs/failures.md lists the causes as they are in the code: written with UPDATE_DOCS=1, compared otherwise.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { causeTexts, FailureCause } from '@parley/protocol';
import { expect, it } from 'vitest';

const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));

function page(): string {
  const sections = FailureCause.options.map((cause) => {
    const { participant, administrator, remedy } = causeTexts[cause];
    return [
      `## \`${cause}\``,
      '',
      `- **The participant reads:** ${participant}`,
      `- **The administrator reads:** ${administrator}`,
      `- **What to do:** ${remedy}`,
      '',
      `![The page when this has been provoked](images/causes/${cause}.png)`,
    ].join('\n');
  });
  return `# Why media does not come

A leg, one direction of one stream, that is not confirmed by media within 15 s ends with one of these causes. While a remedy
is under way the page says "Repairing:" and the same sentence. Each of them is provoked in a browser by
\`npm run test:faults -- causes\`, which also takes the pictures.

${sections.join('\n\n')}
`;
}

it('lists every cause with its sentences and its picture', () => {
  if (process.env['UPDATE_DOCS']) writeFileSync(`${DOCS}failures.md`, page());
  expect(readFileSync(`${DOCS}failures.md`, 'utf8'), 'UPDATE_DOCS=1 writes it anew').toBe(page());
  const withoutPicture = FailureCause.options.filter(
    (cause) => !existsSync(`${DOCS}images/causes/${cause}.png`),
  );
  expect(withoutPicture).toEqual([]);
});
