// What an RTP payload is made of: codec names, parameters, and when two descriptions mean the same bitstream.
// Not negotiation (sdp/answer.ts) and not payload formats (the depacketizers and packetizers).

export type MediaKind = 'audio' | 'video';
export type CodecName = 'opus' | 'PCMU' | 'PCMA' | 'VP8' | 'VP9' | 'H264' | 'AV1';

export interface RtpCodec {
  name: CodecName;
  kind: MediaKind;
  /** RTP clock in Hz. */
  clockRate: number;
  /** Audio channels as in `a=rtpmap` (opus is always 2); 1 for video. */
  channels: number;
  /** The `a=fmtp` parameters in the order they were given; a parameter without `=` has the value ''. */
  parameters: Record<string, string>;
}

/** RTCP feedback messages agreed for one payload type (RFC 4585, RFC 5104, goog-remb, transport-cc). */
export interface RtcpFeedbackSet {
  nack: boolean;
  pli: boolean;
  fir: boolean;
  remb: boolean;
  transportCc: boolean;
}

export interface NegotiatedCodec extends RtpCodec {
  payloadType: number;
  /** Payload type of its retransmissions (RFC 4588), if agreed. */
  rtxPayloadType: number | undefined;
  feedback: RtcpFeedbackSet;
}

const KNOWN_CODECS: readonly Omit<RtpCodec, 'parameters'>[] = [
  { name: 'opus', kind: 'audio', clockRate: 48000, channels: 2 },
  { name: 'PCMU', kind: 'audio', clockRate: 8000, channels: 1 },
  { name: 'PCMA', kind: 'audio', clockRate: 8000, channels: 1 },
  { name: 'VP8', kind: 'video', clockRate: 90000, channels: 1 },
  { name: 'VP9', kind: 'video', clockRate: 90000, channels: 1 },
  { name: 'H264', kind: 'video', clockRate: 90000, channels: 1 },
  { name: 'AV1', kind: 'video', clockRate: 90000, channels: 1 },
];

/**
 * The codec that an `a=rtpmap` encoding names, with its parameters; undefined for one that we do not carry.
 * Names are compared without regard to case (RFC 8866, section 6.6).
 */
export function knownCodec(
  encoding: string,
  clockRate: number,
  channels: number,
  parameters: Record<string, string>,
): RtpCodec | undefined {
  const name = encoding.toLowerCase();
  const known = KNOWN_CODECS.find(
    (codec) =>
      codec.name.toLowerCase() === name && codec.clockRate === clockRate && codec.channels === channels,
  );
  return known && { ...known, parameters };
}

/**
 * Whether packets of `a` can be sent to a receiver that agreed on `b` without touching the payload. Levels and
 * encoder hints may differ; what changes the bitstream or the payload format may not: VP9 `profile-id` (RFC 9628,
 * section 7), H.264 `packetization-mode` and profile (RFC 6184, section 8.1), AV1 `profile` (AV1 RTP, section 7.2).
 */
export function sameCodec(a: RtpCodec, b: RtpCodec): boolean {
  if (a.name !== b.name || a.clockRate !== b.clockRate || a.channels !== b.channels) return false;
  switch (a.name) {
    case 'VP9':
      return parameter(a, 'profile-id', '0') === parameter(b, 'profile-id', '0');
    case 'AV1':
      return parameter(a, 'profile', '0') === parameter(b, 'profile', '0');
    case 'H264':
      return (
        parameter(a, 'packetization-mode', '0') === parameter(b, 'packetization-mode', '0') &&
        h264Profile(a) === h264Profile(b)
      );
    default:
      return true;
  }
}

/**
 * The entry of `list` under which packets of `codec` can be sent: the same codec in the sense of `sameCodec`, or else an
 * H.264 profile whose decoders understand it too (RFC 6184, section 8.1; H.264, annex A.2).
 */
export function findMatchingCodec<T extends RtpCodec>(codec: RtpCodec, list: readonly T[]): T | undefined {
  return (
    list.find((candidate) => sameCodec(codec, candidate)) ??
    list.find((candidate) => candidate.name === 'H264' && codec.name === 'H264' && decodes(candidate, codec))
  );
}

/** Whether every H.264 decoder can decode it: the profile that all browsers have. */
export function isConstrainedBaseline(codec: RtpCodec): boolean {
  return codec.name === 'H264' && h264Profile(codec) === 'constrained-baseline';
}

/** Profiles by what their decoders understand besides themselves; `640c` is Constrained High, `6400` High. */
const H264_UNDERSTOOD: Readonly<Record<string, readonly string[]>> = {
  baseline: ['constrained-baseline'],
  main: ['constrained-baseline'],
  extended: ['constrained-baseline', 'baseline'],
  '640c': ['constrained-baseline'],
  '6400': ['constrained-baseline', 'main', '640c'],
};

function decodes(receiver: RtpCodec, codec: RtpCodec): boolean {
  const mode = (of: RtpCodec) => parameter(of, 'packetization-mode', '0');
  const [ours, theirs] = [h264Profile(receiver), h264Profile(codec)];
  // A receiver of mode 1 takes mode 0 as well (RFC 6184, section 6.3), not the other way round.
  const understood = ours === theirs || (H264_UNDERSTOOD[ours] ?? []).includes(theirs);
  return understood && (mode(receiver) === mode(codec) || mode(receiver) === '1');
}

function parameter(codec: RtpCodec, name: string, otherwise: string): string {
  return codec.parameters[name] ?? otherwise;
}

/** One row of RFC 6184, table 5: profile_idc, and the bits of profile-iop that matter with their values. */
interface H264ProfileRow {
  idc: number;
  mask: number;
  iop: number;
  profile: string;
}

const H264_PROFILES: readonly H264ProfileRow[] = [
  { idc: 0x42, mask: 0b01001111, iop: 0b01000000, profile: 'constrained-baseline' },
  { idc: 0x4d, mask: 0b10001111, iop: 0b10000000, profile: 'constrained-baseline' },
  { idc: 0x58, mask: 0b11001111, iop: 0b11000000, profile: 'constrained-baseline' },
  { idc: 0x42, mask: 0b01001111, iop: 0b00000000, profile: 'baseline' },
  { idc: 0x58, mask: 0b11001111, iop: 0b10000000, profile: 'baseline' },
  { idc: 0x4d, mask: 0b10101111, iop: 0b00000000, profile: 'main' },
  { idc: 0x58, mask: 0b11001111, iop: 0b00000000, profile: 'extended' },
];

/**
 * The H.264 profile of a codec's `profile-level-id`, under one name for its different spellings. Other profiles
 * (High and above) have one spelling only, so their two bytes are the name. Without the parameter: Baseline.
 */
function h264Profile(codec: RtpCodec): string {
  const profileLevelId = parameter(codec, 'profile-level-id', '42000a').toLowerCase();
  const idc = Number.parseInt(profileLevelId.slice(0, 2), 16);
  const iop = Number.parseInt(profileLevelId.slice(2, 4), 16);
  const row = H264_PROFILES.find((entry) => entry.idc === idc && (iop & entry.mask) === entry.iop);
  return row?.profile ?? profileLevelId.slice(0, 4);
}
