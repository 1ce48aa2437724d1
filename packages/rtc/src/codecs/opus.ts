// What an opus packet says about itself without being decoded.

/** Samples at 48 kHz of one frame, by the configuration number of the TOC byte (RFC 6716, section 3.1, table 2). */
const SILK_FRAME = [480, 960, 1920, 2880];
const HYBRID_FRAME = [480, 960];
const CELT_FRAME = [120, 240, 480, 960];
/** 120 ms, the most a packet may hold (RFC 6716, section 3.2.5). */
const MAX_DURATION = 5760;

/** The duration of an opus packet in samples at 48 kHz; 0 if it is empty or malformed. */
export function opusPacketDuration(payload: Buffer): number {
  if (payload.length === 0) return 0;
  const configuration = payload[0] >> 3;
  const code = payload[0] & 0x03;
  let frame = CELT_FRAME[configuration & 0x03];
  if (configuration < 12) frame = SILK_FRAME[configuration & 0x03];
  else if (configuration < 16) frame = HYBRID_FRAME[configuration & 0x01];
  let frames = code === 0 ? 1 : 2;
  if (code === 3) frames = payload.length > 1 ? payload[1] & 0x3f : 0;
  const duration = frame * frames;
  return duration <= MAX_DURATION ? duration : 0;
}
