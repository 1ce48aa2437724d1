// The folders that recorders and players may use, looked at before the server starts: a wrong one is said in a line.
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './make-folder.ts';

/** What only Parley's own data folder holds: whoever may record over these owns every room. */
const PARLEYS_FILES = ['parley.db', 'admin-token', 'secrets.json'];

/** For its owner only: recordings. */
const MODE = 0o700;

const CAUSES: Partial<Record<string, string>> = {
  EACCES: 'not allowed',
  EEXIST: 'a file of that name is there',
  ENOENT: 'there is no such place',
  ENOTDIR: 'a part of its path is a file',
  EROFS: 'the disk is read-only',
};

/** Something about a folder that the operator has to mend, in one line. */
export class FolderError extends Error {}

/**
 * Makes the data folder if it is missing; the others must be there, since a name with a slip in it is no wish for a folder.
 * @param filesSetting what the operator named the other folders by
 * @throws FolderError
 */
export async function prepareClientFolders(
  dataDir: string,
  filesDirs: readonly string[],
  filesSetting: string,
): Promise<void> {
  await makeFolder(dataDir, MODE).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new FolderError(`--data: '${dataDir}' cannot be made: ${CAUSES[code ?? ''] ?? message}`);
  });
  refuseParleysOwn('--data', dataDir);
  for (const folder of filesDirs) {
    await checkFolder(filesSetting, folder);
    refuseParleysOwn(filesSetting, folder);
  }
}

async function checkFolder(setting: string, folder: string): Promise<void> {
  const found = await stat(folder).catch(({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new FolderError(`${setting}: there is no folder '${folder}'`);
    throw new FolderError(`${setting}: '${folder}' cannot be used: ${CAUSES[code ?? ''] ?? message}`);
  });
  if (!found.isDirectory()) throw new FolderError(`${setting}: '${folder}' is a file, not a folder`);
}

/** Whether a folder is Parley's data folder. One that may not be looked into is not: it serves no recorder either. */
export function isParleysOwn(folder: string): boolean {
  return PARLEYS_FILES.some((name) => existsSync(join(folder, name)));
}

function refuseParleysOwn(setting: string, folder: string): void {
  if (isParleysOwn(folder))
    throw new FolderError(
      `${setting}: '${folder}' is Parley's own folder, with its database and secrets: name another one, such as ${join(folder, 'recordings')}`,
    );
}
