import type { HealthResponse } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { found } from '../testing/found.ts';
import { subjectOf } from '../testing/subject.ts';
import { judgeProxy } from './proxy.ts';

const url = 'https://meet.example.org';
const health: HealthResponse = { ready: true, mediaServer: 'connected', database: 'connected' };

function judge(told: Partial<HealthResponse>, outside: boolean) {
  const installation = { state: 'running', url, health: { ...health, ...told } } as const;
  return judgeProxy(subjectOf({ installation, outside }));
}

describe('a proxy', () => {
  it('that Parley was not told of is found', () => {
    expect(judge({ undeclaredProxy: true }, true)).toMatchObject({
      findings: [{ id: 'proxy-not-named', evidence: expect.stringContaining(url) as string }],
    });
  });

  it('that was named is in order, and without one nothing is judged', async () => {
    expect(await found(judge({}, true))).toEqual([]);
    expect(await found(judge({}, false))).toBe('left-out');
    expect(await found(judgeProxy(subjectOf()))).toBe('left-out');
  });
});
