// The frame of `parley audit` and `parley doctor`: options in, what there is to inspect found, a report out. Judges nothing.
import { ownAddresses } from '../addresses.ts';
import type { SubjectOptions } from '../audit/subject.ts';
import { findInstallation } from '../probes/installation.ts';
import { INSPECTION_HELP, readInspectionOptions } from './options.ts';

export interface Printed {
  readonly text: string;
  /** What scripts go by. */
  readonly exitCode: number;
}

export interface Inspection {
  readonly command: string;
  /** What it does, for `--help`; lines of at most 120 characters. */
  readonly summary: string;
  readonly exitCodes: string;
  /** @param json for machines */
  readonly inspect: (subject: SubjectOptions, json: boolean) => Promise<Printed>;
}

/**
 * @param args the command line after the command
 * @throws StartError ('configuration')
 */
export async function runInspection(
  { command, summary, exitCodes, inspect }: Inspection,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Printed> {
  const options = readInspectionOptions(args, environment);
  if (options === 'help') {
    const usage = `Usage: parley ${command} [--json] [--url URL] [--setting value ...]`;
    const ending = `Exit code: ${exitCodes}\nThe settings are those of "parley --help".\n`;
    return { text: [summary, usage, INSPECTION_HELP, ending].join('\n\n'), exitCode: 0 };
  }
  const { configuration, json, url } = options;
  const installation = await findInstallation({ ...configuration, url });
  const outside = url !== undefined;
  return inspect(
    { configuration, installation, ownAddresses: ownAddresses(), outside, now: new Date() },
    json,
  );
}
