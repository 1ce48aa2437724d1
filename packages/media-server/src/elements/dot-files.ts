// Graphs written into files for somebody to look at later: in the folder `dot` of the data folder, the newest ones only.
import { randomUUID } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KurentoError } from '@parley/protocol';
import type { Environment } from '../environment.ts';
import { makeFolder } from '../make-folder.ts';
import type { MediaObject } from './media-object.ts';

/** More are deleted, the oldest first: whoever reaches the control port must not fill the disk. */
export const MAX_DOT_FILES = 50;

const NAME = /^\d{8}T\d{9}Z-\w+-[0-9a-f]{8}\.dot$/;

/**
 * Writes the graph `dot` of an object.
 * @throws KurentoError UNEXPECTED_ERROR when the file cannot be written
 */
export async function dumpDot(
  { files, log }: Pick<Environment, 'files' | 'log'>,
  { className, id }: Pick<MediaObject, 'className' | 'id'>,
  dot: string,
): Promise<void> {
  // Names sort by time.
  const moment = new Date().toISOString().replaceAll(/[-:.]/g, '');
  const path = files.resolve(`dot/${moment}-${className}-${randomUUID().slice(0, 8)}.dot`);
  try {
    await makeFolder(dirname(path), 0o700);
    await writeFile(path, dot, { flag: 'wx', mode: 0o600 });
    await deleteOldest(dirname(path));
  } catch (error) {
    log.warn({ object: id, err: error }, 'a graph could not be written');
    throw new KurentoError('UNEXPECTED_ERROR', `The graph of '${id}' could not be written`);
  }
  log.info({ object: id, file: basename(path) }, 'graph written');
}

async function deleteOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => NAME.test(name)).sort();
  for (const name of names.slice(0, -MAX_DOT_FILES)) await rm(join(folder, name), { force: true });
}
