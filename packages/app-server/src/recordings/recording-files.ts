// Where the files of recordings are, how large they are and what they are. Paths are made of ids only.
import { mkdir, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { PieceId, RecordingId, RoomId } from '@parley/protocol';

export interface PieceKey {
  room: RoomId;
  recording: RecordingId;
  piece: PieceId;
}

export interface FileFacts {
  bytes: number;
  /** ms since 1970 */
  modifiedAt: number;
}

/** Far enough to reach the DocType of the EBML header (RFC 8794, section 11.2.6) of any muxer. */
const HEADER_BYTES = 64;

export class RecordingFiles {
  /** The folder that holds all of them. */
  readonly root: string;

  constructor(dataDir: string) {
    this.root = join(dataDir, 'recordings');
  }

  /** Relative to `root`. */
  relativePath({ room, recording, piece }: PieceKey): string {
    return join(room, recording, `${piece}.webm`);
  }

  path(key: PieceKey): string {
    return join(this.root, this.relativePath(key));
  }

  /** Makes the folder and gives the file's path. */
  async prepare(key: PieceKey): Promise<string> {
    await mkdir(join(this.root, key.room, key.recording), { recursive: true });
    return this.path(key);
  }

  /** Undefined: there is no such file. */
  async facts(key: PieceKey): Promise<FileFacts | undefined> {
    try {
      const { size, mtimeMs } = await stat(this.path(key));
      return { bytes: size, modifiedAt: Math.round(mtimeMs) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async remove(key: PieceKey): Promise<void> {
    await rm(this.path(key), { force: true });
  }

  /** All files of a recording, and its folder. Whoever reads one of them reads it to its end. */
  async removeAll({ room, recording }: Omit<PieceKey, 'piece'>): Promise<void> {
    await rm(join(this.root, room, recording), { recursive: true, force: true });
  }

  /** WebM is a subset of Matroska; which of them a recording is depends on its codecs, and only the file says. */
  async contentType(key: PieceKey): Promise<'video/webm' | 'video/x-matroska' | undefined> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.path(key));
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
      return buffer.subarray(0, bytesRead).includes('matroska') ? 'video/x-matroska' : 'video/webm';
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    } finally {
      await file?.close();
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
