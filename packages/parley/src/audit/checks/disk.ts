// Who else on this machine can read the data folder, the private key and the files of secrets? Decided by the modes of files
// and folders.
import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { securityFinding } from '@parley/protocol';
import { failed, judged, leftOut, listed, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';

/** Bits of the group and of all others. */
const READ = 0o044;
const ENTER = 0o011;
/** Enough to see that something is wrong; years of recordings need not be gone through. */
const MAX_LOOKED_AT = 5_000;
const MAX_DEPTH = 4;

export async function judgeDisk({ configuration }: AuditSubject): Promise<Judgement> {
  if (process.platform === 'win32') return leftOut('this system has no modes');
  const { dataDir, tls, secretFiles } = configuration;
  const open: string[] = [];
  const look = new Look(open);
  try {
    for (const file of [...(tls.kind === 'files' ? [tls.keyFile] : []), ...secretFiles])
      if (await isReadable(file)) open.push(file);
    // Where a link leads to: its own folder says nothing about that one.
    const folder = await realpath(dataDir);
    if (await isEntered(dirname(folder))) await look.at(folder, 0);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') return failed(message);
    if (look.count === 0 && open.length === 0) return leftOut(`there is no ${dataDir} yet`);
  }
  if (open.length > 0)
    return judged('', securityFinding('data-readable-by-others', `open to group or others: ${listed(open)}`));
  return judged(
    look.count > 1
      ? `${dataDir}: ${look.count} files and folders looked at, closed to other users`
      : `${dataDir} is closed to other users`,
  );
}

class Look {
  count = 0;
  readonly #open: string[];

  constructor(open: string[]) {
    this.#open = open;
  }

  /** Goes where others can go, and notes what they can read there. */
  async at(path: string, depth: number): Promise<void> {
    if (this.count >= MAX_LOOKED_AT) return;
    const stats = await lstat(path);
    this.count++;
    // Names in the outermost folder are the same everywhere; deeper they are those of rooms, and so keys to them.
    const secret = stats.isFile() || (stats.isDirectory() && depth > 0);
    if (secret && grants(stats, READ)) this.#open.push(`${path} (${modeOf(stats)})`);
    if (!stats.isDirectory() || !grants(stats, ENTER) || depth === MAX_DEPTH) return;
    for (const name of await readdir(path)) {
      await this.at(join(path, name), depth + 1).catch((error: unknown) => {
        // Files come and go while one looks.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      });
    }
  }
}

async function isReadable(path: string): Promise<boolean> {
  try {
    const file = await realpath(path);
    return grants(await stat(file), READ) && (await isEntered(dirname(file)));
  } catch (error) {
    // Nothing for others to open: a secret came through a pipe, or the file is gone.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Whether others get into this folder: past all that are around it. */
async function isEntered(folder: string): Promise<boolean> {
  if (!grants(await stat(folder), ENTER)) return false;
  const around = dirname(folder);
  return around === folder || isEntered(around);
}

function grants({ mode }: Stats, bits: number): boolean {
  return (mode & bits) !== 0;
}

function modeOf({ mode }: Stats): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
