import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { conformancePage } from './conformance.ts';

const FILE = new URL('../../../../docs/kurento-conformance.md', import.meta.url);

describe('docs/kurento-conformance.md', () => {
  it('says what the model says', () => {
    const page = conformancePage();
    if (process.env.UPDATE_DOCS) writeFileSync(FILE, page);
    expect(readFileSync(FILE, 'utf8')).toBe(page);
  });
});
