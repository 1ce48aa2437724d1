// How a call of the media server can fail. Becomes a refusal in `refusal.ts`.

/** `refused`: it answered with an error (`code` is Kurento's); `unreachable`: it did not answer in time or is gone. */
export class MediaServerError extends Error {
  readonly failure: 'refused' | 'unreachable';
  readonly code: number | undefined;

  private constructor(failure: 'refused' | 'unreachable', message: string, code?: number) {
    super(message);
    this.name = 'MediaServerError';
    this.failure = failure;
    this.code = code;
  }

  static refused(what: string, code: number, message: string): MediaServerError {
    return new MediaServerError('refused', `${what}: ${message} (${code})`, code);
  }

  static unreachable(what: string, why: string): MediaServerError {
    return new MediaServerError('unreachable', `${what}: ${why}`);
  }
}
