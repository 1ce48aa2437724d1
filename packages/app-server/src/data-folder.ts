// What the application server keeps in the data folder besides database and recordings, and that it can be written.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RoomId } from '@parley/protocol';
import { newId } from './new-id.ts';
import { AppServerStartError } from './start-error.ts';

export interface DataFolder {
  /** Names this installation for as long as the folder lives; marks its pipelines on the media server. */
  installation: string;
  /** Where test files go; empty at start. */
  tests: string;
  databaseFile: string;
}

/** Recordings and keys to rooms: for this user only. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** @throws AppServerStartError ('data-folder-not-writable') */
export async function openDataFolder(path: string): Promise<DataFolder> {
  try {
    const tests = join(path, 'tests');
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
    // What a killed process left: nobody can play it any more.
    await rm(tests, { recursive: true, force: true });
    await mkdir(tests);
    await mkdir(join(path, 'recordings'), { recursive: true });
    const installation = await readOrMakeInstallation(join(path, 'installation'));
    return { installation, tests, databaseFile: join(path, 'parley.db') };
  } catch (error) {
    throw AppServerStartError.dataFolderNotWritable(path, error);
  }
}

async function readOrMakeInstallation(file: string): Promise<string> {
  try {
    const known = (await readFile(file, 'utf8')).trim();
    if (known !== '') return known;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const made: string = newId(RoomId);
  await writeFile(`${file}.new`, `${made}\n`, { mode: FILE_MODE });
  await rename(`${file}.new`, file);
  return made;
}
