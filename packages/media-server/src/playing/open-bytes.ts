// Chooses who reads media: streams of WebM and Matroska are taken apart here as they come, everything else by mediabunny in
// a process of its own, which may be told to do without end by what it reads.
import type { ByteSource } from './byte-source.ts';
import { MatroskaStream, type MatroskaBytes } from './matroska-stream.ts';
import type { Playable } from './player.ts';
import type { MediaReader } from './reading/media-readers.ts';

/**
 * Reads the head. The bytes belong to what is opened, and are closed when it is refused.
 * @param signal ends it while it is being opened
 * @throws MediaFileError; the reason of `signal`
 */
export function openBytes(
  bytes: ByteSource | MatroskaBytes,
  readers: MediaReader,
  signal: AbortSignal,
): Promise<Playable> {
  return 'matroska' in bytes ? MatroskaStream.open(bytes) : readers.open(bytes, signal);
}
