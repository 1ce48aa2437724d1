// The RTP header extensions (RFC 8285) that we understand or pass on, and the numbers under which we offer them.
import type { MediaKind } from '../codecs/rtp-codec.ts';

export const MID_EXTENSION = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
const ABS_SEND_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';
const TRANSPORT_WIDE_CC = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const VIDEO_ORIENTATION = 'urn:3gpp:video-orientation';

export const KEPT_EXTENSIONS: ReadonlySet<string> = new Set([
  MID_EXTENSION,
  ABS_SEND_TIME,
  TRANSPORT_WIDE_CC,
  AUDIO_LEVEL,
  VIDEO_ORIENTATION,
]);

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
