// Chooses who reads media: streams of WebM and Matroska are taken apart here as they come, everything else by mediabunny.
import { MatroskaStream, type MatroskaBytes } from './matroska-stream.ts';
import type { MediaBytes } from './media-bytes.ts';
import { MediaFile } from './media-file.ts';
import type { Playable } from './player.ts';

/**
 * Reads the head. The bytes belong to what is opened, and are closed when it is refused.
 * @throws MediaFileError
 */
export function openBytes(bytes: MediaBytes | MatroskaBytes): Promise<Playable> {
  return 'matroska' in bytes ? MatroskaStream.open(bytes) : MediaFile.read(bytes);
}
