// The folder of recordings whose HTTP target did not take them: says in the log how much is there. Removes nothing: a
// recording that nobody else has is the operator's to send or to delete.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';

/** Below the data folder. */
export const UNSENT_FOLDER = 'unsent';

const MIB = 1024 * 1024;

/** Warns unless it is empty or missing. `folder`: its path; what is being sent at the moment lies there, too. Never rejects. */
export async function warnOfUnsent(folder: string, log: Pick<Logger, 'warn' | 'error'>): Promise<void> {
  try {
    const sizes = await sizesOf(folder);
    if (sizes.length === 0) return;
    const mib = Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / MIB);
    log.warn(
      { folder, files: sizes.length, mib },
      'recordings that no HTTP target has taken are kept, and never removed by the server: send or remove them',
    );
  } catch (err) {
    log.error({ folder, err }, 'the folder of recordings that no HTTP target has taken cannot be read');
  }
}

async function sizesOf(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(ignoreMissing);
  // What has just been sent is gone by now.
  const all = await Promise.all((names ?? []).map((name) => stat(join(folder, name)).catch(ignoreMissing)));
  return all.flatMap((stats) => (stats?.isFile() ? [stats.size] : []));
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
