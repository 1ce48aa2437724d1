// The audit's report: for a person, the worst first, and for machines.
import type { SecurityFinding } from '@parley/protocol';
import { counted, labelled } from '../command-line/layout.ts';
import type { Installation } from '../probes/installation.ts';
import { exitCode, type AuditReport, type CheckedAudit } from './audit.ts';

export interface Audited {
  readonly installation: Installation;
  readonly dataDir: string;
  readonly report: AuditReport;
}

const INDENT = 10;
const NAME_WIDTH = 26;

export function textReport({ installation, dataDir, report }: Audited): string {
  const { findings, checks } = report;
  const lines = [`Security audit of Parley: ${whereOf(installation)}`, `Data folder: ${dataDir}`, ''];
  for (const finding of findings) lines.push(...findingLines(finding), '');
  lines.push(...section('In order', checks, inOrder));
  lines.push(...section('Not looked at', checks, leftOut));
  lines.push(...section('Could not be judged', checks, failedBecause));
  lines.push(summary(report), '');
  return lines.join('\n');
}

/** One JSON document; `checks` in the order of the text. */
export function jsonReport({ installation, dataDir, report }: Audited): string {
  const running = installation.state === 'running';
  const document = {
    running,
    url: running ? installation.url : null,
    dataDir,
    exitCode: exitCode(report),
    findings: report.findings,
    checks: report.checks.map(({ name, judgement }) => ({
      name,
      outcome: judgement.outcome,
      findings: judgement.outcome === 'judged' ? judgement.findings.map(({ id }) => id) : [],
      detail: judgement.outcome === 'judged' ? judgement.looked : judgement.why,
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function whereOf(installation: Installation): string {
  switch (installation.state) {
    case 'running':
      return `it runs at ${installation.url}`;
    case 'not-running':
      return `it is not running (${installation.why}), so its configuration and data are judged`;
    case 'something-else':
      return `${installation.url} is something else (${installation.why}), so configuration and data are judged`;
  }
}

function findingLines({ id, severity, hop, title, evidence, attack, fix }: SecurityFinding): string[] {
  return [
    ...labelled(severity.toUpperCase(), title, INDENT),
    ...labelled('  Seen', evidence, INDENT),
    ...labelled('  Attack', attack, INDENT),
    ...labelled('  Fix', fix, INDENT),
    ...labelled('  Id', `${id} (${hop})`, INDENT),
  ];
}

type Line = (check: CheckedAudit) => string | undefined;

const inOrder: Line = ({ judgement }) =>
  judgement.outcome === 'judged' && judgement.findings.length === 0 ? judgement.looked : undefined;
const leftOut: Line = ({ judgement }) => (judgement.outcome === 'left-out' ? judgement.why : undefined);
const failedBecause: Line = ({ judgement }) => (judgement.outcome === 'failed' ? judgement.why : undefined);

function section(title: string, checks: readonly CheckedAudit[], lineOf: Line): string[] {
  const lines = checks.flatMap((check) => {
    const line = lineOf(check);
    return line === undefined ? [] : labelled(`  ${check.name}`, line, NAME_WIDTH);
  });
  return lines.length === 0 ? [] : [title, ...lines, ''];
}

function summary({ findings, checks }: AuditReport): string {
  const of = (severity: SecurityFinding['severity']) =>
    findings.filter((finding) => finding.severity === severity).length;
  const failures = checks.filter(({ judgement }) => judgement.outcome === 'failed').length;
  const judged = checks.filter(({ judgement }) => judgement.outcome === 'judged').length;
  const open = failures === 0 ? '' : ` ${counted(failures, 'check')} could not be made.`;
  if (findings.length === 0) return `Nothing was found by ${counted(judged, 'check')}.${open}`;
  return `Found: ${of('high')} high, ${of('medium')} medium, ${of('low')} low.${open}`;
}
