// The codecs of an offer of ours, in the order in which we want them, with their payload types. Nothing is transcoded, so
// first comes what most receivers can show (docs/decisions/0021-what-we-offer.md).
import type { MediaKind, NegotiatedCodec, RtcpFeedbackSet } from '../codecs/rtp-codec.ts';

const AUDIO_FEEDBACK: RtcpFeedbackSet = {
  nack: false,
  pli: false,
  fir: false,
  remb: false,
  transportCc: true,
};
const VIDEO_FEEDBACK: RtcpFeedbackSet = { nack: true, pli: true, fir: true, remb: true, transportCc: true };

function audio(
  name: 'opus' | 'PCMU' | 'PCMA',
  payloadType: number,
  more: Partial<NegotiatedCodec> = {},
): NegotiatedCodec {
  return {
    name,
    kind: 'audio',
    clockRate: 8000,
    channels: 1,
    parameters: {},
    payloadType,
    rtxPayloadType: undefined,
    feedback: AUDIO_FEEDBACK,
    ...more,
  };
}

/** With its retransmissions (RFC 4588) under the next payload type. */
function video(
  name: 'VP8' | 'VP9' | 'H264' | 'AV1',
  payloadType: number,
  parameters: Record<string, string> = {},
): NegotiatedCodec {
  return {
    name,
    kind: 'video',
    clockRate: 90000,
    channels: 1,
    parameters,
    payloadType,
    rtxPayloadType: payloadType + 1,
    feedback: VIDEO_FEEDBACK,
  };
}

export const OFFERED_CODECS: Record<MediaKind, readonly NegotiatedCodec[]> = {
  audio: [
    audio('opus', 96, {
      clockRate: 48000,
      channels: 2,
      parameters: { minptime: '10', useinbandfec: '1' },
    }),
    audio('PCMU', 0),
    audio('PCMA', 8),
  ],
  video: [
    video('VP8', 98),
    // Constrained Baseline, level 3.1: what every H.264 decoder has; encoders may choose their own level.
    video('H264', 100, {
      'level-asymmetry-allowed': '1',
      'packetization-mode': '1',
      'profile-level-id': '42e01f',
    }),
    video('VP9', 102, { 'profile-id': '0' }),
    video('AV1', 104, { 'level-idx': '5', profile: '0', tier: '0' }),
  ],
};
