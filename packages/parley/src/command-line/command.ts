// Which command of `parley` is meant, and what `parley --help` prints. Knows nothing of what the commands do.

export const COMMANDS = {
  start:
    'starts everything it needs and prints the address to open, as "npm start" does; also without a command',
  doctor:
    'says, before anybody joins, whether calls will work here; exit code 1 when something has to be mended',
  audit:
    'looks for weaknesses by trying what an attacker would try; exit code 1 on a finding of severity high',
} as const;
export type CommandName = keyof typeof COMMANDS;

export interface Command {
  readonly command: CommandName | 'help' | 'unknown';
  /** For the command; when it is unknown, its name first. */
  readonly args: readonly string[];
}

/** @param args the command line after the program's name */
export function readCommand(args: readonly string[]): Command {
  const [first, ...rest] = args;
  if (first === '--help' || first === '-h' || first === 'help') return { command: 'help', args: rest };
  // Flags alone are those of `start`, so that `parley --port 80` is what one expects.
  if (first === undefined || first.startsWith('-')) return { command: 'start', args };
  return isCommand(first) ? { command: first, args: rest } : { command: 'unknown', args };
}

/** @param settings the help of `start`: its part on settings holds for all commands */
export function commandHelp(settings: string): string {
  return [
    'Parley: self-hosted video conferencing.',
    '',
    'Usage: parley [command] [--flag value ...]',
    '',
    ...Object.entries(COMMANDS).map(([name, what]) => `  ${name.padEnd(8)} ${what}`),
    '',
    'All commands take the same settings, so that audit and doctor look at what start starts.',
    settings.slice(settings.indexOf('Each setting')),
  ].join('\n');
}

function isCommand(text: string): text is CommandName {
  return Object.hasOwn(COMMANDS, text);
}
