// The RTP header extensions (RFC 8285) that we understand or pass on, and the numbers under which we offer them.
import type { MediaKind } from '../codecs/rtp-codec.ts';

export const MID_EXTENSION = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const ABS_SEND_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';
const TRANSPORT_WIDE_CC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const VIDEO_ORIENTATION = 'urn:3gpp:video-orientation';

/** What a session needs more stands before what it needs less. */
const KEPT_EXTENSIONS: readonly string[] = [
  MID_EXTENSION,
  ABS_SEND_TIME,
  TRANSPORT_WIDE_CC,
  VIDEO_ORIENTATION,
  AUDIO_LEVEL,
];

const SHARED = [
  { id: 2, uri: ABS_SEND_TIME },
  { id: 3, uri: TRANSPORT_WIDE_CC },
  { id: 4, uri: MID_EXTENSION },
];

/** In bundled lines one number means one extension (RFC 9143, section 9.3). */
export const OFFERED_EXTENSIONS: Record<MediaKind, readonly { id: number; uri: string }[]> = {
  audio: [{ id: 1, uri: AUDIO_LEVEL }, ...SHARED],
  video: [...SHARED, { id: 5, uri: VIDEO_ORIENTATION }],
};

/**
 * What each number of an offer means to us, in all its lines: they have one transport, on which some peers look no further
 * than the number. aiortc gives one to the audio level and to the time of sending, and ends when it gets the former.
 */
export function meaningsOf(
  media: readonly { readonly headerExtensions: readonly { id: number; uri: string }[] }[],
): ReadonlyMap<number, string> {
  const offered = media.flatMap(({ headerExtensions }) => headerExtensions);
  return new Map(
    KEPT_EXTENSIONS.toReversed().flatMap((kept) =>
      offered.filter(({ uri }) => uri === kept).map(({ id, uri }) => [id, uri] as const),
    ),
  );
}
