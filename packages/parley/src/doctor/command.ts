// The command `parley doctor`: what it says of itself, how its diagnoses are printed, and what machine this is.
import { fileURLToPath } from 'node:url';
import type { SubjectOptions } from '../audit/subject.ts';
import { runInspection, type Printed } from '../command-line/inspection.ts';
import { examine, exitCode } from './doctor.ts';
import { Patient, type Machine } from './patient.ts';
import { jsonReport, textReport } from './report.ts';

const SUMMARY = `Says before anybody joins whether calls will work with the settings that Parley is started with. While Parley
runs, media and relay are tried for real, by one audio/video test that sends nothing; else ports are tried by having them
for a moment.`;

async function inspect(options: SubjectOptions, json: boolean): Promise<Printed> {
  const diagnoses = await examine(new Patient({ ...options, machine: thisMachine() }));
  const examined = { installation: options.installation, diagnoses };
  return { text: json ? jsonReport(examined) : textReport(examined), exitCode: exitCode(diagnoses) };
}

/** @throws StartError ('configuration') */
export function runDoctor(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Printed> {
  const exitCodes = '1 when something has to be mended, 2 when the settings are not understood, else 0.';
  return runInspection({ command: 'doctor', summary: SUMMARY, exitCodes, inspect }, args, environment);
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
