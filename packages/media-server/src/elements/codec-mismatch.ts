// Tells when both ends of an endpoint are up and nothing can flow: nothing is transcoded, so somebody has to know.
import { KURENTO_ERRORS } from '@parley/protocol';
import type { RtpCodec } from '@parley/rtc';
import type { MediaKind } from '../forwarding/track.ts';

const { code, type } = KURENTO_ERRORS.UNSUPPORTED_MEDIA_TYPE;

/** The fields of an `Error` event. */
interface CodecError {
  readonly description: string;
  readonly errorCode: number;
  readonly type: string;
}

interface CheckedTrack {
  readonly kind: MediaKind;
  readonly codecMismatch: { readonly source: RtpCodec; readonly agreed: readonly RtpCodec[] } | undefined;
}

export class CodecMismatch {
  readonly #tell: (error: CodecError, kind: MediaKind) => void;
  readonly #told = new Set<MediaKind>();

  constructor(tell: (error: CodecError, kind: MediaKind) => void) {
    this.#tell = tell;
  }

  /** To be called now and then with what is sent to the peer; tells once for each kind. */
  check({ kind, codecMismatch }: CheckedTrack): void {
    if (!codecMismatch || this.#told.has(kind)) return;
    this.#told.add(kind);
    const { source, agreed } = codecMismatch;
    const isAnotherProfile = agreed.some(({ name }) => name === source.name);
    const describe = isAnotherProfile ? withParameters : ({ name }: RtpCodec): string => name;
    const names = [...new Set(agreed.map(describe))].join(', ');
    const description =
      `The source's ${kind} is ${describe(source)}; this peer agreed to ${names} only. ` +
      "Nothing is transcoded: let one side offer the other's codec.";
    this.#tell({ description, errorCode: code, type }, kind);
  }
}

/** H264 is not like H264: profiles differ. */
function withParameters({ name, parameters }: RtpCodec): string {
  const list = Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
  return list.length > 0 ? `${name} (${list.join(';')})` : name;
}
