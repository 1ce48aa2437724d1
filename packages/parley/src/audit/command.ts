// The command `parley audit`: what it says of itself, and how its findings are printed.
import { runInspection, type Printed } from '../command-line/inspection.ts';
import { audit, exitCode } from './audit.ts';
import { jsonReport, textReport } from './report.ts';
import { AuditSubject, type SubjectOptions } from './subject.ts';

const SUMMARY = `Looks for weaknesses in an installation of Parley by trying what an attacker would try, on this machine, with
the settings that it is started with. It makes one audio/video test and a few refused connections, which
the log of a running Parley tells; it records nothing and changes nothing.`;

async function inspect(options: SubjectOptions, json: boolean): Promise<Printed> {
  const { configuration, installation } = options;
  const report = await audit(new AuditSubject(options));
  const audited = { installation, dataDir: configuration.dataDir, report };
  return {
    text: json ? jsonReport(audited) : textReport(audited),
    // Something else where Parley should be means that Parley was not judged.
    exitCode: exitCode(report) || (installation.state === 'something-else' ? 2 : 0),
  };
}

/** @throws StartError ('configuration') */
export function runAudit(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Printed> {
  const exitCodes = '1 when a finding is of severity high, 2 when something could not be judged, else 0.';
  return runInspection({ command: 'audit', summary: SUMMARY, exitCodes, inspect }, args, environment);
}
