// Do secrets of the configuration stand in the command line of a process, where every user of the machine reads them?
// Looks at all that this user sees, the audit's own among them.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { securityFinding } from '@parley/protocol';
import { judged, leftOut, listed, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';

/** @param folder where the system tells of its processes; each has a folder there, named by its id */
export async function judgeProcesses(
  { configuration: { secrets } }: AuditSubject,
  folder = '/proc',
): Promise<Judgement> {
  if (secrets.size === 0) return leftOut('there are no secrets in the settings');
  const processes = await processesIn(folder);
  if (processes.length === 0) return leftOut('this system does not tell the command lines of processes');
  const shown: string[] = [];
  for (const { id, args } of processes)
    for (const [name, secret] of secrets)
      if (args.some((arg) => arg === secret || arg.endsWith(`=${secret}`)))
        shown.push(`${name} in that of process ${id}`);
  if (shown.length > 0) return judged('', securityFinding('secret-on-command-line', listed(shown)));
  return judged(`${[...secrets.keys()].join(', ')} in none of ${processes.length} command lines`);
}

interface SeenProcess {
  readonly id: string;
  readonly args: readonly string[];
}

async function processesIn(folder: string): Promise<SeenProcess[]> {
  const names = await readdir(folder).catch(absent([]));
  const seen = await Promise.all(
    names
      .filter((name) => /^\d+$/.test(name))
      .map(async (id) => {
        const line = await readFile(join(folder, id, 'cmdline'), 'utf8').catch(absent(undefined));
        return line === undefined ? [] : [{ id, args: line.split('\0') }];
      }),
  );
  return seen.flat();
}

/** Processes end while one looks, and some systems have none of this. */
function absent<Value>(otherwise: Value): (error: unknown) => Value {
  return (error) => {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ESRCH', 'EACCES', 'ENOTDIR'].includes(code)) return otherwise;
    throw error;
  };
}
