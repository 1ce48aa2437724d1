// How it is told that media cannot be played: the data of an `Error` event.
import { KURENTO_ERRORS, KurentoError } from '@parley/protocol';
import { MediaFileError } from './media-file-error.ts';

export interface PlayError {
  readonly description: string;
  readonly errorCode: number;
  readonly type: 'INVALID_URI' | 'INVALID_MEDIA';
}

/** INVALID_URI for what cannot be reached or opened, INVALID_MEDIA for what cannot be played. */
export function playError(error: unknown): PlayError {
  const isMissing =
    error instanceof KurentoError || (error instanceof MediaFileError && error.reason === 'missing');
  const { code } = KURENTO_ERRORS[isMissing ? 'URI_PATH_FILE_NOT_FOUND' : 'UNSUPPORTED_MEDIA_TYPE'];
  return {
    description: error instanceof Error ? error.message : String(error),
    errorCode: code,
    type: isMissing ? 'INVALID_URI' : 'INVALID_MEDIA',
  };
}
