// How little sound we want to receive, said to the codec: Chromium passes over `b=AS` in an answer. REMB is for video.
import type { NegotiatedCodec } from '../codecs/rtp-codec.ts';

/** RFC 7587, section 6.1. */
const OPUS_MIN_BITRATE = 6_000;
/** About what browsers send at most of themselves, in kbit/s; a larger number Chromium would take for what we wish. */
const USUAL_AT_MOST = 64;

/** The codecs as our description names them. `bandwidth`: in kbit/s; undefined: no limit. */
export function boundedCodecs(
  codecs: readonly NegotiatedCodec[],
  bandwidth: number | undefined,
): readonly NegotiatedCodec[] {
  if (bandwidth === undefined || bandwidth >= USUAL_AT_MOST) return codecs;
  const maxaveragebitrate = String(Math.max(bandwidth * 1000, OPUS_MIN_BITRATE));
  return codecs.map((codec) =>
    codec.name === 'opus' ? { ...codec, parameters: { ...codec.parameters, maxaveragebitrate } } : codec,
  );
}
