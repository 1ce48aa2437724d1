// Where the bytes of played media come from: what a reader of containers needs to know about them. Files on disk are
// here; what comes over HTTP is in http/, and streams that can be read only once in stream-bytes.ts.
import { open, type FileHandle } from 'node:fs/promises';
import { CustomSource, type Source } from 'mediabunny';
import { fragmentsEnd } from './fragments-end.ts';
import { guarded } from './guarded-source.ts';
import { MediaFileError } from './media-file-error.ts';
import { isMatroska, recordingEnd, type RecordingEnd } from './recording-end.ts';

/** What a source's parts may take in memory: the newest pieces read, in bytes. */
export const CACHE_BYTES = 4 * 1024 * 1024;

export interface MediaBytes {
  /** The source as messages name it. */
  readonly name: string;
  /** Belongs to the one `Input` that is made of it. */
  readonly source: Source;
  /** Whether any place can be read at any time. Otherwise all is read once, from the start, as it comes. */
  readonly isRandomAccess: boolean;
  /** Whether it may be read to its end just to know how long it is. */
  readonly isLocal: boolean;
  /** Where a recording that may have been cut off ends, if it is known to be one. */
  readonly end: RecordingEnd | undefined;
  /** To be told of each frame that was read: no more than `MAX_READ_BYTES` may lie between two of them. */
  frameRead(): void;
  /** Idempotent. To be called when the `Input` has been disposed. */
  close(): Promise<void>;
}

/**
 * A file on disk; one that is cut off counts up to its last complete frame.
 * @throws MediaFileError `missing`
 */
export async function fileBytes(path: string, name: string): Promise<MediaBytes> {
  const handle = await openHandle(path, name);
  try {
    return await handleBytes(handle, name);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** An open file, which is closed with the bytes. */
export async function handleBytes(handle: FileHandle, name: string): Promise<MediaBytes> {
  const { size } = await handle.stat();
  const read = async (start: number, length: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start);
    return buffer.subarray(0, bytesRead);
  };
  const end = isMatroska(await read(0, 4)) ? await recordingEnd(read, size) : undefined;
  const length = end?.length ?? (await fragmentsEnd(read, size)) ?? size;
  const source = new CustomSource({
    getSize: () => length,
    read: async (start, end) => {
      const bytes = await read(start, end - start);
      if (bytes.length < end - start) throw new Error('The file became shorter while it was played');
      return bytes;
    },
    maxCacheSize: CACHE_BYTES,
    prefetchProfile: 'fileSystem',
    // What was read ahead and is not wanted yet; when it is, it is read again.
    handleUnhandledError: () => undefined,
  });
  let closing: Promise<void> | undefined;
  return {
    name,
    source: guarded(source),
    isRandomAccess: true,
    isLocal: true,
    end,
    frameRead: () => undefined,
    close: () => (closing ??= handle.close()),
  };
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
