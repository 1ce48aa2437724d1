// The bytes of a file on disk.
import { open, type FileHandle } from 'node:fs/promises';
import type { PlacedBytes } from './byte-source.ts';
import { MediaFileError } from './media-file-error.ts';

/** What is read at once, in bytes. */
const PIECE_BYTES = 1024 * 1024;

/** @throws MediaFileError `missing` */
export async function fileBytes(path: string, name: string): Promise<PlacedBytes> {
  const handle = await openHandle(path, name);
  try {
    return await handleBytes(handle, name);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** An open file, which is closed with the bytes. */
export async function handleBytes(handle: FileHandle, name: string): Promise<PlacedBytes> {
  const { size } = await handle.stat();
  let closing: Promise<void> | undefined;
  return { name, isLocal: true, size, read, close: () => (closing ??= handle.close()) };

  async function* read(start: number, end: number): AsyncGenerator<Buffer, void, undefined> {
    for (let at = start; at < end;) {
      const length = Math.min(PIECE_BYTES, end - at);
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, at);
      if (bytesRead === 0) throw new Error('The file became shorter while it was played');
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  }
}

async function openHandle(path: string, name: string): Promise<FileHandle> {
  try {
    const handle = await open(path, 'r');
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new MediaFileError('missing', `There is no file '${name}'`);
    throw new MediaFileError('missing', `The file '${name}' cannot be opened (${code ?? String(error)})`);
  }
  throw new MediaFileError('missing', `'${name}' is not a file`);
}
