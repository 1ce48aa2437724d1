// What audit and doctor take besides the settings: how to print, and where else to look.
import { readConfiguration, type Configuration } from '../configuration.ts';
import { StartError } from '../errors.ts';

export interface InspectionOptions {
  readonly configuration: Configuration;
  /** For machines. */
  readonly json: boolean;
  /** Where the installation is to be looked for instead of HOST and PORT, such as a proxy's address. */
  readonly url: string | undefined;
}

/** Explains them, for `--help`. */
export const INSPECTION_HELP = [
  '  --json               prints one JSON document, for machines',
  '  --url URL            where browsers reach the installation, such as https://meet.example.org behind a proxy',
  '                       (unset: where HOST and PORT say)',
].join('\n');

/**
 * @param args the command line after the command
 * @returns 'help' when it was asked for
 * @throws StartError ('configuration') on the first unknown flag or wrong value
 */
export function readInspectionOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): InspectionOptions | 'help' {
  const rest: string[] = [];
  let json = false;
  let url: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? '';
    if (arg === '--json') json = true;
    else if (arg === '--url') url = readUrl(args[++index]);
    else if (arg.startsWith('--url=')) url = readUrl(arg.slice('--url='.length));
    else rest.push(arg);
  }
  const configuration = readConfiguration(rest, environment);
  return configuration === 'help' ? 'help' : { configuration, json, url };
}

function readUrl(text: string | undefined): string {
  if (text === undefined || text === '') throw StartError.configuration('--url needs a value');
  if (!URL.canParse(text) || !/^https?:/i.test(text))
    throw StartError.configuration(`--url must begin with http:// or https://, not "${text}"`);
  return new URL(text).origin;
}
