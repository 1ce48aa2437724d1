import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { found } from '../testing/found.ts';
import { subjectOf } from '../testing/subject.ts';
import { judgeProcesses } from './processes.ts';

const TURN = ['--turn-url', 'turn:192.0.2.1', '--turn-secret', 'hush'];

/** A folder as the system's, with these command lines by process; it goes with the test. */
async function processes(lines: Record<string, string[]>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-proc-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'sys'));
  await mkdir(join(folder, '99'));
  for (const [id, args] of Object.entries(lines)) {
    await mkdir(join(folder, id));
    await writeFile(join(folder, id, 'cmdline'), `${args.join('\0')}\0`);
  }
  return folder;
}

describe('a secret', () => {
  it('is found in the command line of any process, however it was spelled, and not told', async () => {
    const folder = await processes({
      7: ['node', 'main.ts', '--turn-secret=hush'],
      8: ['turnserver', '--static-auth-secret', 'hush'],
      9: ['grep', 'hushed'],
    });
    const judgement = await judgeProcesses(subjectOf({ flags: TURN }), folder);
    expect(judgement).toMatchObject({
      findings: [
        {
          id: 'secret-on-command-line',
          evidence: 'TURN_SECRET in that of process 7, TURN_SECRET in that of process 8',
        },
      ],
    });
    expect(JSON.stringify(judgement)).not.toContain('hush');
  });

  it('that no process shows is in order; without secrets, or where nothing is told, nothing is judged', async () => {
    const folder = await processes({ 7: ['node', 'main.ts', '--turn-secret-file', '/etc/secret'] });
    expect(await found(judgeProcesses(subjectOf({ flags: TURN }), folder))).toEqual([]);
    expect(await found(judgeProcesses(subjectOf(), folder))).toBe('left-out');
    expect(await found(judgeProcesses(subjectOf({ flags: TURN }), join(folder, 'none')))).toBe('left-out');
  });
});
