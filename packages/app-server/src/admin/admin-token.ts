// The administrator's token: made at the first start, kept in the data folder, never logged.
import { randomBytes, timingSafeEqual, createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface AdminToken {
  readonly token: string;
  /** Where it is kept; absolute path. */
  readonly file: string;
  /** Made just now: nobody has read it yet. */
  readonly isNew: boolean;
}

const FILE_MODE = 0o600;
const TOKEN_BYTES = 32;

/** Reads the token, or makes one. An empty file gets a new one. */
export async function readOrMakeAdminToken(dataDir: string): Promise<AdminToken> {
  const file = join(dataDir, 'admin-token');
  try {
    const token = (await readFile(file, 'utf8')).trim();
    if (token !== '') return { token, file, isNew: false };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  // Whole or not at all, also when this process is killed meanwhile.
  await writeFile(`${file}.new`, `${token}\n`, { mode: FILE_MODE });
  await rename(`${file}.new`, file);
  return { token, file, isNew: true };
}

/** In constant time, whatever their lengths. */
export function sameSecret(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
