// Why an SDP text was refused. Mapping to wire errors (Kurento 40200, 40201) is the caller's.

export type SdpErrorReason =
  'empty' | 'too-large' | 'too-many-media' | 'malformed' | 'mismatch' | 'nothing-to-offer';

/** A description that cannot be used; `reason` is for programs, the message for people. */
export class SdpError extends Error {
  readonly reason: SdpErrorReason;

  constructor(reason: SdpErrorReason, message: string) {
    super(message);
    this.name = 'SdpError';
    this.reason = reason;
  }

  static empty(): SdpError {
    return new SdpError('empty', 'The session description is empty');
  }

  static tooLarge(bytes: number, limit: number): SdpError {
    return new SdpError('too-large', `The session description has ${bytes} characters; ${limit} are allowed`);
  }

  static tooManyMedia(count: number, limit: number): SdpError {
    return new SdpError(
      'too-many-media',
      `The session description has ${count} m-lines; ${limit} are allowed`,
    );
  }

  /** `what` names the field and never quotes the offending text, which may hold anything. */
  static malformed(what: string): SdpError {
    return new SdpError('malformed', `The session description is malformed: ${what}`);
  }

  /** A good description that does not go with the session that it belongs to. */
  static mismatch(what: string): SdpError {
    return new SdpError('mismatch', `The session description does not fit its session: ${what}`);
  }

  static nothingToOffer(): SdpError {
    return new SdpError('nothing-to-offer', 'An offer needs audio, video or data');
  }
}
