import { describe, expect, it } from 'vitest';
import { found } from '../testing/found.ts';
import { ISSUED_CERT, ISSUED_KEY } from '../testing/issued-certificate.fixture.ts';
import { serve, subjectOf } from '../testing/subject.ts';
import { judgeContentPolicy, judgeHsts, judgeVersions } from './page.ts';

const issued = { cert: ISSUED_CERT, key: ISSUED_KEY };

describe('the page over HTTPS', () => {
  it.each<Record<string, string>>([{}, { 'strict-transport-security': 'max-age=60' }])(
    'that does not bind browsers is found: %j',
    async (headers) => {
      const url = await serve({ tls: issued, headers });
      expect(await found(judgeHsts(subjectOf({ url })))).toEqual(['missing-hsts']);
    },
  );

  it('that binds browsers to HTTPS is in order', async () => {
    const headers = { 'strict-transport-security': 'includeSubDomains; max-age="15552000"' };
    expect(await found(judgeHsts(subjectOf({ url: await serve({ tls: issued, headers }) })))).toEqual([]);
  });

  it('is not asked to bind browsers when it is not encrypted at all', async () => {
    expect(await found(judgeHsts(subjectOf({ url: await serve({}) })))).toBe('left-out');
  });
});

describe('the content policy', () => {
  const nosniff = { 'x-content-type-options': 'nosniff' };

  it.each([
    [{ ...nosniff }, 'no Content-Security-Policy'],
    [
      { ...nosniff, 'content-security-policy': "frame-ancestors 'none'" },
      'neither script-src nor default-src',
    ],
    [
      {
        ...nosniff,
        'content-security-policy': "default-src 'self'; script-src 'unsafe-inline'; frame-ancestors 'none'",
      },
      'scripts from anywhere',
    ],
    [{ ...nosniff, 'content-security-policy': "default-src 'self'" }, 'no frame-ancestors'],
    [
      { 'content-security-policy': "default-src 'self'; frame-ancestors 'none'" },
      'no X-Content-Type-Options',
    ],
  ])('%j is found', async (headers, evidence) => {
    const judgement = await judgeContentPolicy(subjectOf({ url: await serve({ headers }) }));
    expect(judgement).toMatchObject({
      findings: [{ id: 'missing-csp', evidence: expect.stringContaining(evidence) as string }],
    });
  });

  it('that lets scripts of the own host run, and nobody frame the page, is in order', async () => {
    const headers = { ...nosniff, 'content-security-policy': "default-src 'self'; frame-ancestors 'none'" };
    expect(await found(judgeContentPolicy(subjectOf({ url: await serve({ headers }) })))).toEqual([]);
  });
});

describe('versions', () => {
  it.each([
    [{ headers: { server: 'nginx/1.26.3' } }, 'server: nginx/1.26.3'],
    [{ headers: { 'x-powered-by': 'Express' } }, 'x-powered-by: Express'],
    [{ body: 'Error: no\n    at parse (/srv/node_modules/x/index.js:3:1)' }, 'a stack in an answer'],
  ])('in %j are found', async (options, evidence) => {
    const judgement = await judgeVersions(subjectOf({ url: await serve(options) }));
    expect(judgement).toMatchObject({
      findings: [{ id: 'version-leaked', evidence: expect.stringContaining(evidence) as string }],
    });
  });

  it('are not found where a program says its name only', async () => {
    const url = await serve({ headers: { server: 'nginx' }, body: 'look at 3 things' });
    expect(await found(judgeVersions(subjectOf({ url })))).toEqual([]);
  });
});
