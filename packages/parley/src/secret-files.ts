// Secrets that come in files, and those that came on the command line, where every user of the machine can read them.
import { readFileSync } from 'node:fs';
import { StartError } from './errors.ts';

/** `TURN_SECRET_FILE` names the file of `TURN_SECRET`. */
export const FILE_SUFFIX = '_FILE';

/**
 * What stands in a secret's file, without the line's end.
 * @param setting the variable or flag that named it
 * @throws StartError ('configuration'), which does not tell what is in it
 */
export function readSecretFile(setting: string, file: string): string {
  let secret: string;
  try {
    secret = readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code = 'it cannot be read' } = error as NodeJS.ErrnoException;
    throw StartError.configuration(`${setting}: ${file} is not read: ${code}`);
  }
  if (secret === '') throw StartError.configuration(`${setting}: ${file} is empty`);
  return secret;
}

/** One line for each. @param names of the settings of secrets that were given as flags */
export function flagWarnings(names: readonly string[]): string[] {
  return names.map(
    (name) =>
      `every user of this machine reads ${name} in the list of processes: give it as environment variable, or its file by ${name}${FILE_SUFFIX}`,
  );
}

/** A database's URL without a password is none. */
export function isSecret(value: string): boolean {
  if (!/^postgres(ql)?:/.test(value) || !URL.canParse(value)) return true;
  const { password, searchParams } = new URL(value);
  return password !== '' || searchParams.has('password');
}
