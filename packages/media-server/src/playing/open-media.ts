// Opens what a player's URI names: a file of the folders that clients may use, or something at an HTTP address.
import type { FileStore } from '../file-store.ts';
import type { HttpSourcePolicy } from './http/allowed-address.ts';
import { httpBytes } from './http/http-bytes.ts';
import { fileBytes } from './file-bytes.ts';
import { MediaFileError } from './media-file-error.ts';
import { openBytes } from './open-bytes.ts';
import type { Playable } from './player.ts';
import type { MediaReader } from './reading/media-readers.ts';

/** `scheme:` of RFC 3986, section 3.1, when something follows that is not the path of a file. */
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;

export interface MediaPlaces {
  readonly files: FileStore;
  readonly httpSources: HttpSourcePolicy;
  readonly readers: MediaReader;
}

/** Whether the URI names something that is fetched over a network. */
export function isHttp(uri: string): boolean {
  return /^https?:/i.test(uri);
}

/**
 * @param signal ends it while it is being opened
 * @throws MediaFileError; KurentoError for a file outside of the folders that clients may use
 */
export async function openMedia(uri: string, places: MediaPlaces, signal: AbortSignal): Promise<Playable> {
  const { files, httpSources, readers } = places;
  if (isHttp(uri)) return openBytes(await httpBytes(uri, httpSources, signal), readers, signal);
  const scheme = SCHEME.exec(uri)?.[1].toLowerCase();
  if (scheme !== undefined && scheme !== 'file')
    throw new MediaFileError(
      'missing',
      `'${uri}' cannot be played: this media server plays files (file:///…) and what is at http: and https: addresses`,
    );
  return readers.open(await fileBytes(files.resolveExisting(uri), uri), signal);
}
