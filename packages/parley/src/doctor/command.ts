// The command `parley doctor`: options in, report out, and the exit code that scripts go by.
import { fileURLToPath } from 'node:url';
import type { Printed } from '../audit/command.ts';
import { INSPECTION_HELP, readInspectionOptions } from '../command-line/options.ts';
import { findInstallation } from '../probes/installation.ts';
import { ownAddresses } from '../addresses.ts';
import { examine, exitCode } from './doctor.ts';
import { Patient, type Machine } from './patient.ts';
import { jsonReport, textReport } from './report.ts';

const HELP = `Says before anybody joins whether calls will work with the settings that Parley is started with. While Parley
runs, media and relay are tried for real, by one audio/video test that sends nothing; else ports are tried by having them
for a moment.

Usage: parley doctor [--json] [--url URL] [--setting value ...]

${INSPECTION_HELP}

Exit code: 1 when something has to be mended, 2 when the settings are not understood, else 0.
The settings are those of "parley --help".
`;

/** @throws StartError ('configuration') */
export async function runDoctor(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Printed> {
  const options = readInspectionOptions(args, environment);
  if (options === 'help') return { text: HELP, exitCode: 0 };
  const { configuration, json, url } = options;
  const installation = await findInstallation({ ...configuration, url });
  const patient = new Patient({
    configuration,
    installation,
    ownAddresses: ownAddresses(),
    outside: url !== undefined,
    machine: thisMachine(),
    now: new Date(),
  });
  const diagnoses = await examine(patient);
  const examined = { installation, diagnoses };
  return { text: json ? jsonReport(examined) : textReport(examined), exitCode: exitCode(diagnoses) };
}

function thisMachine(): Machine {
  const monotonic = performance.now();
  return {
    nodeVersion: process.versions.node,
    openFiles: openFilesLimit(),
    elapsedMs: { monotonic, wall: Date.now() - performance.timeOrigin },
    clientDir: fileURLToPath(new URL('../../../web-client/dist/', import.meta.url)),
  };
}

/** Node raises the soft limit to the hard one at its start, so that is what its own report says. */
function openFilesLimit(): number | undefined {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = report.userLimits?.open_files?.soft;
  if (soft === 'unlimited') return Infinity;
  return typeof soft === 'number' ? soft : undefined;
}
