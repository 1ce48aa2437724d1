// Which codecs an application expects to leave an element (`setAudioFormat`, `setVideoFormat`). Nothing is transcoded, so the
// sender has to bring them; here is noticed when it brings others.
import { KURENTO_ERRORS, KurentoError } from '@parley/protocol';
import type { MediaKind } from '../forwarding/track.ts';

/** The fields of an `Error` event. */
export interface Complaint {
  readonly description: string;
  readonly errorCode: number;
  readonly type: string;
}

export class WantedFormats {
  readonly #codecs = new Map<MediaKind, string>();
  /** What was complained of, while it flows. */
  readonly #told = new Map<MediaKind, string>();

  /**
   * `codec`: Kurento's name for it; `flowing`: what leaves the element at the moment.
   * @throws KurentoError NOT_IMPLEMENTED for what could only be had by transcoding
   */
  expect(kind: MediaKind, codec: string, flowing: string | undefined): void {
    if (codec === 'RAW')
      throw new KurentoError('NOT_IMPLEMENTED', 'Media is forwarded as it comes: there is no raw media here');
    if (flowing !== undefined && !isSame(codec, flowing))
      throw new KurentoError('NOT_IMPLEMENTED', sentence(kind, codec, flowing));
    this.#codecs.set(kind, codec);
  }

  /**
   * What is to be told of `flowing`, which leaves the element now, undefined: nothing does. To be asked now and then, since a
   * sender may change its codec at any packet; says the same thing once, until something else flows.
   */
  complaint(kind: MediaKind, flowing: string | undefined): Complaint | undefined {
    const codec = this.#codecs.get(kind);
    if (codec === undefined || flowing === undefined || isSame(codec, flowing)) {
      this.#told.delete(kind);
      return undefined;
    }
    if (this.#told.get(kind) === flowing) return undefined;
    this.#told.set(kind, flowing);
    const { code: errorCode, type } = KURENTO_ERRORS.UNSUPPORTED_MEDIA_TYPE;
    return { description: sentence(kind, codec, flowing), errorCode, type };
  }
}

function isSame(codec: string, flowing: string): boolean {
  return codec === flowing.toUpperCase();
}

function sentence(kind: MediaKind, codec: string, flowing: string): string {
  return `The ${kind} comes in ${flowing} and not in ${codec}, and nothing is transcoded here: have its sender use ${codec}`;
}
