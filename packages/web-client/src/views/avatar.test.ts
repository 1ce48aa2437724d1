import { expect, it } from 'vitest';
import { initialsOf } from './avatar.ts';

it.each([
  ['Ada', 'A'],
  ['ada king  lovelace', 'AL'],
  ['Zoë 🙂', 'Z'],
  ['(guest) Bob', 'GB'],
  ['Team 7', 'T7'],
  ['𝒜da', '𝒜'],
  ['محمد علي', 'مع'],
  ['🙂🙂', '🙂'],
])('%s is %s', (name, initials) => {
  expect(initialsOf(name)).toBe(initials);
});
