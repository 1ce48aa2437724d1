// The file that a recording is written to: strictly in order, each write handed to the operating system at once, so
// that what was written survives the end of this process. Knows one thing of the content: how to blot out placeholders.
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { constants } from 'node:fs';

/** First byte of a SimpleBlock element, and of a Void element, which every reader skips (RFC 8794, section 11.3.2). */
const SIMPLE_BLOCK_ID = 0xa3;
const VOID_ID = 0xec;

/** What the muxer puts before a block's data: id, 4 bytes of length, track number, 2 bytes of time, flags. */
const BLOCK_HEADER_LENGTH = 9;
/** A length of 4 bytes begins with three zeros and a one (RFC 8794, section 4). */
const FOUR_BYTE_LENGTH = 0b0001;

/**
 * Opens a new file for writing; one that is there is replaced. The old one's readers keep the old one, and a link of
 * that name is replaced, not followed.
 * @throws the error of the file system
 */
export async function createFile(path: string): Promise<FileHandle> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o640);
}

/** A stream for a muxer that only appends. Blocks whose data is `placeholder` reach the file as Void elements. */
export function appendTo(handle: FileHandle, placeholder: Buffer): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    async write(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      blotOut(bytes, placeholder);
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
        done += bytesWritten;
      }
    },
  });
}

/** The muxer hands over whole elements, so a placeholder is never cut in two. */
function blotOut(bytes: Buffer, placeholder: Buffer): void {
  for (let at = bytes.indexOf(placeholder); at !== -1; at = bytes.indexOf(placeholder, at)) {
    const start = at - BLOCK_HEADER_LENGTH;
    if (start < 0 || bytes[start] !== SIMPLE_BLOCK_ID || bytes[start + 1] >> 4 !== FOUR_BYTE_LENGTH)
      throw new Error('The muxer does not write blocks as it used to');
    bytes[start] = VOID_ID;
    at += placeholder.length;
    bytes.fill(0, start + 5, at);
  }
}
