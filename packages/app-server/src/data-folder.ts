// What the application server keeps in the data folder besides database and recordings, and that it can be written.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Libsql from 'libsql';
import { RoomId } from '@parley/protocol';
import { newId } from './new-id.ts';
import { AppServerStartError } from './start-error.ts';

export interface DataFolder {
  /** Names this installation for as long as the folder lives; marks its pipelines on the media server. */
  installation: string;
  /** Where test files go; empty at start. */
  tests: string;
  databaseFile: string;
  /** Where the live state is kept (`continuity/`). */
  liveStateFile: string;
  /** Lets another process have the folder; idempotent. The end of this process, however it comes, does the same. */
  release(): void;
}

/** Recordings and keys to rooms: for this user only. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Takes the folder for this process alone: another one would end the recordings and tests that run here.
 * @throws AppServerStartError ('data-folder-in-use', 'data-folder-not-writable')
 */
export async function openDataFolder(path: string): Promise<DataFolder> {
  let lock: Libsql.Database | undefined;
  try {
    const tests = join(path, 'tests');
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
    const held = (lock = new Libsql(join(path, 'lock')));
    // The only lock of the operating system that Node's packages give us: it never outlives its process.
    held.exec('begin exclusive');
    // What a killed process left: nobody can play it any more.
    // The folder itself stays: the media server, which is started at the same time, holds it by its path.
    await mkdir(tests, { recursive: true });
    for (const name of await readdir(tests)) await rm(join(tests, name), { recursive: true, force: true });
    await mkdir(join(path, 'recordings'), { recursive: true });
    const installation = await readOrMakeInstallation(join(path, 'installation'));
    return {
      installation,
      tests,
      databaseFile: join(path, 'parley.db'),
      liveStateFile: join(path, 'live.json'),
      release: () => {
        if (held.open) held.close();
      },
    };
  } catch (error) {
    lock?.close();
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY')
      throw AppServerStartError.dataFolderInUse(path, error);
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
