import { describe, expect, it } from 'vitest';
import { securityFinding } from '@parley/protocol';
import { audit, exitCode, type AuditCheck } from './audit.ts';
import { failed, judged, leftOut } from './judgement.ts';
import { jsonReport, textReport, type Audited } from './report.ts';
import { subjectOf } from './testing/subject.ts';

const check = (name: string, run: AuditCheck['run']): AuditCheck => ({ name, run });
const high = check('page', () => judged('', securityFinding('signalling-without-tls', 'http://192.0.2.1')));
const low = check('words', () => judged('', securityFinding('version-leaked', 'server: x/1')));
const fine = check('disk', () => judged('closed to others'));
const absent = check('relay', () => leftOut('there is no relay'));
const broken = check('media', () => Promise.reject(new Error('no answer')));

const run = (...checks: AuditCheck[]) => audit(subjectOf(), checks);
const audited = async (...checks: AuditCheck[]): Promise<Audited> => ({
  installation: { state: 'not-running', why: 'nobody listens at http://127.0.0.1:8080' },
  dataDir: '/srv/parley',
  report: await run(...checks),
});

describe('the audit', () => {
  it('makes all checks though one of them breaks, and tells the worst first', async () => {
    const { checks, findings } = await run(low, broken, high, fine);
    expect(findings.map(({ severity }) => severity)).toEqual(['high', 'low']);
    expect(checks.map(({ judgement }) => judgement.outcome)).toEqual([
      'judged',
      'failed',
      'judged',
      'judged',
    ]);
  });

  it('exits with 1 on a finding of severity high, whatever else happened', async () => {
    expect(exitCode(await run(high, broken))).toBe(1);
  });

  it('exits with 2 when it could not judge, and with 0 on lesser findings and what is not there', async () => {
    expect(exitCode(await run(low, broken))).toBe(2);
    expect(exitCode(await run(check('x', () => failed('no'))))).toBe(2);
    expect(exitCode(await run(low, absent, fine))).toBe(0);
  });
});

describe('the report', () => {
  it('says to a person what is wrong, what an attacker could do, and what mends it', async () => {
    const text = textReport(await audited(high, fine, absent, broken));
    expect(text).toMatch(/it is not running \(nobody listens at http:\/\/127\.0\.0\.1:8080\)/);
    expect(text).toMatch(
      /\nHIGH {6}Page and signalling [^]*\n {2}Seen {4}http[^]*\n {2}Attack [^]*\n {2}Fix /,
    );
    expect(text).toMatch(/\nIn order\n {2}disk +closed to others\n/);
    expect(text).toMatch(/\nNot looked at\n {2}relay +there is no relay\n/);
    expect(text).toMatch(/\nCould not be judged\n {2}media +no answer\n/);
    expect(text).toMatch(/\nFound: 1 high, 0 medium, 0 low\. 1 check could not be made\.\n$/);
    expect(
      Math.max(
        ...text
          .split('\n')
          .slice(1)
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
  });

  it('says so when nothing was found', async () => {
    expect(textReport(await audited(fine, absent))).toMatch(/\nNothing was found by 1 check\.\n$/);
  });

  it('says the same to a machine', async () => {
    expect(JSON.parse(jsonReport(await audited(high, broken)))).toMatchObject({
      running: false,
      url: null,
      dataDir: '/srv/parley',
      exitCode: 1,
      findings: [{ id: 'signalling-without-tls', severity: 'high', hop: 'browser to server' }],
      checks: [
        { name: 'page', outcome: 'judged', findings: ['signalling-without-tls'] },
        { name: 'media', outcome: 'failed', findings: [], detail: 'no answer' },
      ],
    });
  });
});
