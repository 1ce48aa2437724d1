// Why a source of media cannot be played, in a sentence for the operator of the application.

/**
 * `missing`: there is no such source, or it cannot be opened. `foreign`: nothing in it that can be played, or no longer.
 */
export class MediaFileError extends Error {
  readonly reason: 'missing' | 'foreign';

  constructor(reason: 'missing' | 'foreign', sentence: string) {
    super(sentence);
    this.name = 'MediaFileError';
    this.reason = reason;
  }
}
