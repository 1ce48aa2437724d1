import { describe, expect, it } from 'vitest';
import { found } from '../testing/found.ts';
import { serve, subjectOf } from '../testing/subject.ts';
import { judgeOrigin } from './origin.ts';

describe('the origin check', () => {
  it('that is off is found', async () => {
    const url = await serve({ upgrade: () => 101 });
    expect(await found(judgeOrigin(subjectOf({ url })))).toEqual(['origin-check-off']);
  });

  it('that compares only how an origin begins is found', async () => {
    const url = await serve({ upgrade: (origin) => (origin?.startsWith('http://127.0.0.1') ? 101 : 403) });
    expect(await judgeOrigin(subjectOf({ url }))).toMatchObject({
      findings: [
        { evidence: expect.stringMatching(/let in: Origin http:\/\/127\.0\.0\.1\.foreign/) as string },
      ],
    });
  });

  it('that lets only its own page in is in order', async () => {
    const url: string = await serve({ upgrade: (origin) => (origin === url ? 101 : 403) });
    expect(await found(judgeOrigin(subjectOf({ url })))).toEqual([]);
  });

  it('cannot be judged where not even the own page is let in', async () => {
    const url = await serve({ upgrade: () => 503 });
    expect(await found(judgeOrigin(subjectOf({ url })))).toBe('failed');
  });
});
