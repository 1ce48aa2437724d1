import { describe, expect, it } from 'vitest';
import { requests } from './signalling.ts';

const accepts = (name: string) =>
  requests.join.params.safeParse({ room: 'room-0123456789', name }).data?.name;

describe('a participant’s name', () => {
  it.each(['Ada', 'Zoë Müller-Østby', '李小龍', 'عائشة', '👩‍👩‍👧 family', 'x', 'ー', 'R2-D2 (room 4)'])(
    'may be %s',
    (name) => expect(accepts(name)).toBe(name),
  );

  it.each([
    ['nothing', ''],
    ['white space', ' \t\u00a0\u3000'],
    ['what is not seen', '\u200b\u2060\ufeff\u3164\u2800'],
    ['a NUL, which PostgreSQL does not store', 'A\u0000B'],
    ['an escape sequence', '\u001b[2JAda'],
    ['a line break', 'Ada\nBob'],
    ['an override of the writing direction', 'Ada\u202egnp'],
    ['half a character', 'A\ud83d'],
    ['more than 64 characters', 'x'.repeat(65)],
  ])('must not be or contain %s', (_what, name) => expect(accepts(name)).toBeUndefined());
});
