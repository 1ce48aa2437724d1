import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kurentoModules } from '@parley/protocol';
import { conformancePage } from './conformance.ts';
import { differencesFromTheOriginal } from './differences.ts';

const FILE = new URL('../../../../docs/kurento-conformance.md', import.meta.url);

describe('docs/kurento-conformance.md', () => {
  it('says what the model says', () => {
    const page = conformancePage();
    if (process.env.UPDATE_DOCS) writeFileSync(FILE, page);
    expect(readFileSync(FILE, 'utf8')).toBe(page);
  });

  it('says of everything marked ◐ what it lacks, and marks nothing so that is missing', () => {
    const members = kurentoModules
      .flatMap(({ classes }) => classes)
      .flatMap((each) => [...each.constructorParams, ...each.properties, ...each.methods])
      .filter(({ effect }) => effect === 'partial');
    expect(members.map(({ name }) => name)).toContain('qosDscp');
    const named = differencesFromTheOriginal
      .split('\n')
      .map((line) => line.split(' | ')[0])
      .join('\n');
    for (const { name, supported } of members) {
      expect(supported, name).toBe(true);
      expect(named, 'the first column of a difference').toContain(`\`${name}\``);
      expect(conformancePage()).toMatch(new RegExp(`^\\| ◐ \\|.*\`${name}\\b`, 'm'));
    }
  });

  it('answers first whether an application will work', () => {
    expect(conformancePage().match(/^## .*/gm)?.[0]).toBe('## Will my application work?');
  });

  it('gives a reason for every difference that stands by itself', () => {
    expect(differencesFromTheOriginal).not.toMatch(/as above|\| \|$/m);
  });
});
