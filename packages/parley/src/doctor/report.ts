// What the doctor found, for a person and for machines.
import { counted, labelled } from '../command-line/layout.ts';
import type { Installation } from '../probes/installation.ts';
import { exitCode } from './doctor.ts';
import type { Diagnosis, DiagnosisLevel } from './diagnosis.ts';

export interface Examined {
  readonly installation: Installation;
  readonly diagnoses: readonly Diagnosis[];
}

const LEVELS: Readonly<Record<DiagnosisLevel, string>> = {
  ok: 'ok',
  warning: 'WARNING',
  problem: 'PROBLEM',
  skipped: '-',
};
const INDENT = 10;

export function textReport({ installation, diagnoses }: Examined): string {
  const lines = [`Parley's doctor: ${stateOf(installation)}`, ''];
  for (const { level, name, text, fix } of diagnoses) {
    lines.push(...labelled(LEVELS[level], `${name}: ${text}`, INDENT));
    if (fix !== undefined) lines.push(...labelled('  To do', fix, INDENT));
  }
  return [...lines, '', summary(diagnoses, installation), ''].join('\n');
}

/** One JSON document. */
export function jsonReport({ installation, diagnoses }: Examined): string {
  const running = installation.state === 'running';
  const document = {
    running,
    url: running ? installation.url : null,
    exitCode: exitCode(diagnoses),
    checks: diagnoses,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function stateOf(installation: Installation): string {
  switch (installation.state) {
    case 'running':
      return `Parley runs at ${installation.url}`;
    case 'not-running':
      return `Parley is not running (${installation.why})`;
    case 'something-else':
      return `${installation.url} is not Parley (${installation.why})`;
  }
}

function summary(diagnoses: readonly Diagnosis[], installation: Installation): string {
  const of = (level: DiagnosisLevel) => diagnoses.filter((one) => one.level === level).length;
  if (of('problem') > 0)
    return `${counted(of('problem'), 'problem')} to mend before anybody joins, ${counted(of('warning'), 'warning')}.`;
  const warnings = of('warning') === 0 ? '' : ` ${counted(of('warning'), 'warning')}.`;
  if (installation.state === 'running') return `Calls will work as far as this machine can tell.${warnings}`;
  return `Ready to start.${warnings} Run this again once Parley runs: media and relay are tried for real then.`;
}
