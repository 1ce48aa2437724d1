// The command `parley audit`: options in, report out, and the exit code that scripts go by.
import { INSPECTION_HELP, readInspectionOptions } from '../command-line/options.ts';
import { findInstallation } from '../probes/installation.ts';
import { ownAddresses } from '../addresses.ts';
import { audit, exitCode } from './audit.ts';
import { jsonReport, textReport } from './report.ts';
import { AuditSubject } from './subject.ts';

export interface Printed {
  readonly text: string;
  readonly exitCode: number;
}

const HELP = `Looks for weaknesses in an installation of Parley by trying what an attacker would try, on this machine, with
the settings that it is started with. It makes one audio/video test and a few refused connections, which
the log of a running Parley tells; it records nothing and changes nothing.

Usage: parley audit [--json] [--url URL] [--setting value ...]

${INSPECTION_HELP}

Exit code: 1 when a finding is of severity high, 2 when something could not be judged, else 0.
The settings are those of "parley --help".
`;

/** @throws StartError ('configuration') */
export async function runAudit(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Printed> {
  const options = readInspectionOptions(args, environment);
  if (options === 'help') return { text: HELP, exitCode: 0 };
  const { configuration, json, url } = options;
  const installation = await findInstallation({ ...configuration, url });
  const subject = new AuditSubject({
    configuration,
    installation,
    ownAddresses: ownAddresses(),
    outside: url !== undefined,
    now: new Date(),
  });
  const report = await audit(subject);
  const audited = { installation, dataDir: configuration.dataDir, report };
  return {
    text: json ? jsonReport(audited) : textReport(audited),
    // Something else where Parley should be means that Parley was not judged.
    exitCode: exitCode(report) || (installation.state === 'something-else' ? 2 : 0),
  };
}
