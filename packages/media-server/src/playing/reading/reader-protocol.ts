// What the media server and a process that reads media say to each other. The process asks for bytes, which it has no
// other way to; the server asks for what they mean. `media` numbers what is read, `request` and `read` the exchanges.
import type { RtpCodec } from '@parley/rtc';
import type { MediaKind } from '../../forwarding/track.ts';
import type { FileFrame } from '../file-tracks.ts';
import { MediaFileError } from '../media-file-error.ts';

/** What is known once the head has been read; see `Playable`. */
export interface MediaDescription {
  readonly duration: number | undefined;
  readonly isSeekable: boolean;
  readonly format: string;
  readonly unplayable: readonly string[];
  readonly codecs: Readonly<Partial<Record<MediaKind, RtpCodec>>>;
}

export interface Batch {
  /** At least one, unless the end is reached or the run is over. */
  readonly frames: readonly FileFrame[];
  readonly done: boolean;
}

/** What can be asked, and what is answered. */
export interface Exchanges {
  open: {
    /** `size`: of bytes any place of which can be read; undefined when they come once. */
    readonly ask: { readonly name: string; readonly isLocal: boolean; readonly size: number | undefined };
    readonly answer: MediaDescription;
  };
  /** The next frames of a run, which begins with the first time it is asked for, `from` (ms) on, and ends the one before. */
  next: { readonly ask: { readonly run: number; readonly from: number }; readonly answer: Batch };
  /** See `Playable.keyframeBefore`. */
  keyframe: { readonly ask: { readonly at: number }; readonly answer: number };
}

export type Question = {
  [Type in keyof Exchanges]: { readonly type: Type } & Exchanges[Type]['ask'];
}[keyof Exchanges];

export interface Failure {
  readonly message: string;
  readonly reason: MediaFileError['reason'] | undefined;
}

export type ToReader =
  | { readonly type: 'ask'; readonly media: number; readonly request: number; readonly question: Question }
  /** A piece of what was pulled, if there was one. */
  | {
      readonly type: 'bytes';
      readonly media: number;
      readonly read: number;
      readonly data: Uint8Array | undefined;
      /** Nothing of this read is left: asking for that would take as long as asking for a piece. */
      readonly isLast: boolean;
    }
  | {
      readonly type: 'no-bytes';
      readonly media: number;
      readonly read: number;
      readonly failure: Failure;
    }
  | { readonly type: 'close'; readonly media: number };

export type FromReader =
  | {
      readonly type: 'answer';
      readonly media: number;
      readonly request: number;
      readonly answer: Exchanges[keyof Exchanges]['answer'];
    }
  | {
      readonly type: 'failed';
      readonly media: number;
      readonly request: number;
      readonly failure: Failure;
    }
  /** Asks for the next piece of a read, which begins with the first time. Of what comes once, the places do not matter. */
  | {
      readonly type: 'pull';
      readonly media: number;
      readonly read: number;
      readonly start: number;
      readonly end: number;
    }
  /** No more of this read is wanted. */
  | { readonly type: 'leave'; readonly media: number; readonly read: number };

export function failureOf(error: unknown): Failure {
  return {
    message: error instanceof Error ? error.message : String(error),
    reason: error instanceof MediaFileError ? error.reason : undefined,
  };
}

export function errorOf({ message, reason }: Failure): Error {
  return reason ? new MediaFileError(reason, message) : new Error(message);
}
