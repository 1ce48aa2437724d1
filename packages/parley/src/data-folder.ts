// Makes sure that the data folder is there and can be written, before anything else is started.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@parley/media-server/make-folder';
import { StartError } from './errors.ts';

/** A new folder is for this user only: recordings and secrets are kept in it. One that exists is left as it is. */
const MODE = 0o700;

/** @throws StartError ('data-folder') */
export async function prepareDataFolder(path: string): Promise<void> {
  // Written for real: permission bits say nothing about read-only mounts or full disks.
  const probe = join(path, `.writable-${process.pid}`);
  try {
    await makeFolder(path, MODE);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw StartError.dataFolder(path, error);
  }
}

/** Where the files of tests go. */
export function testsFolder(dataDir: string): string {
  return join(dataDir, 'tests');
}

/** Without a probe: the application server empties it at its own start. @throws StartError ('data-folder') */
export async function makeTestsFolder(dataDir: string): Promise<void> {
  const path = testsFolder(dataDir);
  await makeFolder(path, MODE).catch((error: unknown) => {
    throw StartError.dataFolder(path, error);
  });
}
