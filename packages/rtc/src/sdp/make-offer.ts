// An offer of ours (RFC 3264, RFC 8829) as an ICE-lite media server: one audio, one video and one data line, bundled.
// What the answer makes of it is read-answer.ts.
import type { MediaKind, NegotiatedCodec } from '../codecs/rtp-codec.ts';
import { msidOf, ourTransport, type LocalSession } from './answer.ts';
import { boundedCodecs } from './audio-bandwidth.ts';
import { sends } from './direction.ts';
import { OFFERED_EXTENSIONS } from './header-extensions.ts';
import { OFFERED_CODECS } from './offered-codecs.ts';
import type { Direction } from './offer.ts';
import { SdpError } from './sdp-error.ts';
import {
  formatsOf,
  writeDescription,
  type AcceptedMedia,
  type DescribedMedia,
  type SessionDescription,
} from './write.ts';

/** The lines of an offer; the one for data is there when the session has data. */
export interface OfferedLines {
  audio: boolean;
  video: boolean;
  /** Of audio and video, seen from us. */
  direction: Exclude<Direction, 'inactive'>;
}

export interface OwnLine {
  mid: string;
  kind: MediaKind | 'application';
  direction: Direction;
  codecs: readonly NegotiatedCodec[];
  headerExtensions: readonly { id: number; uri: string }[];
  localSsrc: number | undefined;
  localRtxSsrc: number | undefined;
}

export interface OwnOffer {
  offer: string;
  /** The offer as values. */
  session: SessionDescription;
  lines: OwnLine[];
}

/** RFC 8829, section 5.1.2: what offers have to say; what is taken in answers is more. */
const RTP_PROTOCOL = 'UDP/TLS/RTP/SAVPF';
const DATA_PROTOCOL = 'UDP/DTLS/SCTP';

/**
 * Offers what we can do. Our candidates stand in the first line.
 * @throws {SdpError} 'nothing-to-offer' when there is no line.
 * @throws {Error} for a value of `local` that cannot stand in SDP: a bug of the caller.
 */
export function makeOffer(local: LocalSession, wanted: OfferedLines): OwnOffer {
  const kinds = (['audio', 'video'] as const).filter((kind) => wanted[kind]);
  const lines = kinds.map((kind, index) => mediaLine(kind, index, wanted.direction, local));
  if (local.data) lines.push(DATA_LINE);
  if (lines.length === 0) throw SdpError.nothingToOffer();
  const session: SessionDescription = {
    sessionId: local.sessionId,
    version: 1,
    sessionName: local.sessionName,
    iceLite: local.iceLite,
    trickle: true,
    msidSemantic: true,
    bundle: lines.map(({ mid }) => mid),
    media: lines.map((line, index) => describe(line, index, local)),
  };
  return { offer: writeDescription(session), session, lines };
}

function mediaLine(kind: MediaKind, index: number, direction: Direction, local: LocalSession): OwnLine {
  const { ssrc, rtxSsrc } = local.ssrcFor(kind, index);
  return {
    mid: `${kind}0`,
    kind,
    direction,
    codecs: OFFERED_CODECS[kind],
    headerExtensions: OFFERED_EXTENSIONS[kind],
    localSsrc: ssrc,
    localRtxSsrc: kind === 'video' && sends(direction) ? rtxSsrc : undefined,
  };
}

const DATA_LINE: OwnLine = {
  mid: 'application0',
  kind: 'application',
  direction: 'sendrecv',
  codecs: [],
  headerExtensions: [],
  localSsrc: undefined,
  localRtxSsrc: undefined,
};

function describe(line: OwnLine, index: number, local: LocalSession): DescribedMedia {
  const { mid, kind, direction, codecs, headerExtensions, localSsrc } = line;
  const carried = { ...ourTransport(local, 'actpass', index === 0), sctp: undefined, rtp: undefined };
  if (kind === 'application' || localSsrc === undefined) {
    const sctp = local.data && { ...local.data, isOldForm: false };
    const accepted: AcceptedMedia = { ...carried, bandwidth: undefined, sctp };
    return { type: kind, protocol: DATA_PROTOCOL, mid, formats: ['webrtc-datachannel'], accepted };
  }
  const rtp = {
    direction,
    codecs: kind === 'audio' ? boundedCodecs(codecs, local.bandwidth?.audio) : codecs,
    headerExtensions,
    rtcpMux: true,
    rtcpRsize: true,
    ssrc: localSsrc,
    rtxSsrc: line.localRtxSsrc,
    cname: local.cname,
    msid: sends(direction) ? msidOf(local.cname, kind, index) : undefined,
  };
  return {
    type: kind,
    protocol: RTP_PROTOCOL,
    mid,
    formats: formatsOf(codecs),
    accepted: { ...carried, bandwidth: local.bandwidth?.[kind], rtp },
  };
}
