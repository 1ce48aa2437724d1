// Tells when both ends of an endpoint are up and nothing can flow: nothing is transcoded, so somebody has to know.
import { KURENTO_ERRORS } from '@parley/protocol';
import type { MediaKind } from '../forwarding/track.ts';

const { code, type } = KURENTO_ERRORS.UNSUPPORTED_MEDIA_TYPE;

export class CodecMismatch {
  readonly #tell: (error: Record<string, unknown>, kind: MediaKind) => void;
  readonly #told = new Set<MediaKind>();

  /** `tell` is given the fields of an `Error` event. */
  constructor(tell: (error: Record<string, unknown>, kind: MediaKind) => void) {
    this.#tell = tell;
  }

  /** To be called now and then with what is sent to the peer; tells once for each kind. */
  check({ kind, codecMismatch }: { readonly kind: MediaKind; readonly codecMismatch: boolean }): void {
    if (!codecMismatch || this.#told.has(kind)) return;
    this.#told.add(kind);
    const description = `The ${kind} of the source is in a codec that this peer did not agree to receive`;
    this.#tell({ description, errorCode: code, type }, kind);
  }
}
