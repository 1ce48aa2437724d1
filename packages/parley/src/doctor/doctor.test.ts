import { expect, it } from 'vitest';
import { ok, problem, warning } from './diagnosis.ts';
import { examine, exitCode } from './doctor.ts';
import { jsonReport, textReport } from './report.ts';
import { patientOf } from './testing.ts';

const fine = ok('clock', 'it is now');
const doubtful = warning('disk', 'nearly full', 'make room');
const broken = problem('PORT', '80 is in use', 'stop it');
const running = {
  state: 'running',
  url: 'http://127.0.0.1:8080',
  health: { ready: true, mediaServer: 'connected', database: 'connected' },
} as const;

it('makes all checks though one of them breaks, which is a problem', async () => {
  const diagnoses = await examine(patientOf(), [
    { name: 'a', run: () => Promise.reject(new Error('no answer')) },
    { name: 'b', run: () => [fine, doubtful] },
  ]);
  expect(diagnoses).toMatchObject([
    { name: 'a', level: 'problem', text: 'could not be checked: no answer' },
    fine,
    doubtful,
  ]);
});

it('exits with 1 on problems, and with 0 on warnings', () => {
  expect(exitCode([fine, broken])).toBe(1);
  expect(exitCode([fine, doubtful])).toBe(0);
});

it('tells a person what to do, and a machine the same', () => {
  const report = { installation: running, diagnoses: [fine, doubtful, broken] };
  expect(textReport(report)).toBe(
    [
      "Parley's doctor: Parley runs at http://127.0.0.1:8080",
      '',
      'ok        clock: it is now',
      'WARNING   disk: nearly full',
      '  To do   make room',
      'PROBLEM   PORT: 80 is in use',
      '  To do   stop it',
      '',
      '1 problem to mend before anybody joins, 1 warning.',
      '',
    ].join('\n'),
  );
  expect(JSON.parse(jsonReport(report))).toEqual({
    running: true,
    url: 'http://127.0.0.1:8080',
    exitCode: 1,
    checks: [fine, doubtful, broken],
  });
});
