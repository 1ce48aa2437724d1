// The file that a recording is written to: each write handed to the operating system at once, so that what was written
// survives the end of this process. Knows nothing of the content.
import { constants } from 'node:fs';
import { access, open, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ByteSink } from './byte-sink.ts';

/** For this user and group only. */
const PRIVATE_MODE = 0o640;

/**
 * Opens a new file for writing; one that is there is replaced. The old one's readers keep the old one, and a link of
 * that name is replaced, not followed. `mode`: less what the umask takes.
 * @throws the error of the file system
 */
export async function createFile(path: string, mode = PRIVATE_MODE): Promise<FileHandle> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
}

/**
 * Rejects as `createFile`, after making the missing folders, would, as far as that can be told without making anything:
 * a folder of that name is there, or what is there of its folders may not be written to, or is none.
 * @throws the error of the file system
 */
export async function checkCreatable(path: string): Promise<void> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      // The dot makes it fail for what is no folder.
      await access(`${folder}/.`, constants.W_OK | constants.X_OK);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || folder === dirname(folder)) throw error;
    }
  }
  const isFolder = await access(`${path}/.`).then(
    () => true,
    () => false,
  );
  if (isFolder) throw Object.assign(new Error(`EISDIR: '${path}'`), { code: 'EISDIR' });
}

/** Owns the handle. */
export class AppendFile implements ByteSink {
  readonly #handle: FileHandle;
  #length = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Buffer): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done);
        done += bytesWritten;
      }
      this.#length += bytes.length;
    } catch (error) {
      // Half of a piece is of no use to any reader, and misleads some. Where that fails, too, the first error tells more.
      await Promise.allSettled([this.#handle.truncate(this.#length)]);
      throw error;
    }
  }

  async overwrite(position: number, bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  /** `complete`: the disk has all of it when this resolves. */
  async close(complete = false): Promise<void> {
    try {
      if (complete) await this.#handle.datasync();
    } finally {
      await this.#handle.close();
    }
  }
}
