// Answers an SDP offer as an ICE-lite media server without transcoding: mirrors it, keeps the codecs and extensions
// that we carry, refuses the rest (RFC 3264, RFC 8829; behaviour of Kurento's WebRtcEndpoint, one audio and one video).
import {
  isConstrainedBaseline,
  knownCodec,
  type MediaKind,
  type NegotiatedCodec,
} from '../codecs/rtp-codec.ts';
import { parseCandidate, writeCandidate } from './candidate.ts';
import { readOffer, type Direction, type Fingerprint, type Offer } from './offer.ts';
import type { OfferedMedia, OfferedSetup } from './offer.ts';
import { writeAnswer, type AnswerMedia, type AnswerSession } from './write.ts';

/** Our side of a session. Its texts are written as they are and must not contain line breaks. */
export interface LocalSession {
  /** For the o-line: digits. */
  sessionId: number | string;
  sessionName: string;
  iceUfrag: string;
  icePwd: string;
  /** Of our DTLS certificate: upper-case hex with colons. */
  fingerprint: { algorithm: 'sha-256'; value: string };
  /** Values of `a=candidate` lines, with or without `candidate:` before them. */
  candidates: readonly string[];
  /** The DTLS role we take when the offer leaves us the choice. */
  setup: 'passive' | 'active';
  cname: string;
  /** The SSRCs for the m-line at `index`; `rtxSsrc` is used only if retransmission is agreed. */
  ssrcFor(kind: MediaKind, index: number): { ssrc: number; rtxSsrc: number | undefined };
  iceLite: boolean;
}

export interface NegotiatedMedia {
  /** Position of the m-line, from 0. */
  index: number;
  /** Undefined when the offer has none. */
  mid: string | undefined;
  /** 'application' stands for every m-line that is neither audio nor video. */
  kind: MediaKind | 'application';
  accepted: boolean;
  /** As seen from us: 'sendonly' means that we send. 'inactive' when not accepted. */
  direction: Direction;
  /** Agreed codecs in the order of the offer; empty when not accepted. */
  codecs: NegotiatedCodec[];
  headerExtensions: { id: number; uri: string }[];
  remoteSsrc: number | undefined;
  remoteRtxSsrc: number | undefined;
  remoteCname: string | undefined;
  /** Undefined when not accepted. We report (RTCP) with it even where we do not send. */
  localSsrc: number | undefined;
  /** Undefined unless we send and retransmission is agreed. */
  localRtxSsrc: number | undefined;
}

export interface Negotiation {
  answer: string;
  /** The answer as values, for the next one of the same session. */
  session: AnswerSession;
  /** Our DTLS role: 'passive' is the DTLS server. */
  setup: 'active' | 'passive';
  /** Of the m-line that carries the transport: the first accepted one. Undefined where the offer says nothing. */
  remote: {
    iceUfrag: string | undefined;
    icePwd: string | undefined;
    fingerprint: Fingerprint | undefined;
    setup: OfferedSetup | undefined;
  };
  media: NegotiatedMedia[];
}

/** Profiles that promise DTLS-SRTP with feedback; `RTP/SAVPF` is what Kurento's own offers say. */
const ACCEPTED_PROTOCOL = /^(?:(?:UDP|TCP)\/TLS\/)?RTP\/SAVPF$/;
const MID_EXTENSION = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const KEPT_EXTENSIONS: ReadonlySet<string> = new Set([
  MID_EXTENSION,
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'urn:3gpp:video-orientation',
]);
const MIRRORED: Record<Direction, Direction> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/**
 * Answers `offer`. The first usable audio and the first usable video line are accepted; all others are refused with
 * port 0. Our candidates stand in the first accepted line of the BUNDLE and in each accepted line outside of it.
 * @throws {SdpError} for an offer that cannot be read.
 * @throws {Error} for a value of `local` that cannot stand in SDP: a bug of the caller.
 */
export function answerOffer(offer: string, local: LocalSession): Negotiation {
  const offered = readOffer(offer);
  const media = negotiateMedia(offered, local);
  const accepted = media.filter((line) => line.accepted);
  const remote = offered.media[accepted[0]?.index ?? 0]?.transport ?? NO_TRANSPORT;
  const bundled = ({ mid }: NegotiatedMedia): boolean => isBundled(offered, mid);
  const carriers = accepted.filter((line) => !bundled(line) || line === accepted.find(bundled));
  const candidates = local.candidates.map(checkedCandidate);
  const lines = media.map((line): AnswerMedia => {
    const { type, protocol, formats, mid, rtcpMux, rtcpRsize, transport } = offered.media[line.index];
    const payloads = line.codecs.flatMap(({ payloadType, rtxPayloadType }) => [payloadType, rtxPayloadType]);
    if (line.localSsrc === undefined) return { type, protocol, mid, formats, accepted: undefined };
    return {
      type,
      protocol,
      mid,
      formats: payloads.filter((payload) => payload !== undefined).map(String),
      accepted: {
        direction: line.direction,
        codecs: line.codecs,
        headerExtensions: line.headerExtensions,
        rtcpMux,
        rtcpRsize,
        setup: ourRole(transport.setup, local.setup),
        iceUfrag: local.iceUfrag,
        icePwd: local.icePwd,
        fingerprint: local.fingerprint,
        candidates: carriers.includes(line) ? candidates : undefined,
        ssrc: line.localSsrc,
        rtxSsrc: line.localRtxSsrc,
        cname: local.cname,
        msid: offered.msidSemantic && sends(line.direction) ? msidOf(local.cname, line) : undefined,
      },
    };
  });
  const session: AnswerSession = {
    sessionId: local.sessionId,
    version: 1,
    sessionName: local.sessionName,
    iceLite: local.iceLite,
    trickle: offered.trickle,
    msidSemantic: offered.msidSemantic,
    bundle: offered.bundle && accepted.filter(bundled).flatMap(({ mid }) => mid ?? []),
    media: lines,
  };
  const answer = writeAnswer(session);
  return { answer, session, setup: ourRole(remote.setup, local.setup), remote: { ...remote }, media };
}

const NO_TRANSPORT = { iceUfrag: undefined, icePwd: undefined, fingerprint: undefined, setup: undefined };

function negotiateMedia(offer: Offer, local: LocalSession): NegotiatedMedia[] {
  const taken = new Set<MediaKind>();
  return offer.media.map((offered, index) => {
    const kind = offered.type === 'audio' || offered.type === 'video' ? offered.type : 'application';
    const offeredAtAll = offered.port !== 0 || offered.bundleOnly;
    const usable = kind !== 'application' && offeredAtAll && ACCEPTED_PROTOCOL.test(offered.protocol);
    const codecs = usable && !taken.has(kind) ? agreedCodecs(offered, kind) : [];
    const line: NegotiatedMedia = {
      index,
      mid: offered.mid,
      kind,
      accepted: false,
      direction: 'inactive',
      codecs: [],
      headerExtensions: [],
      remoteSsrc: undefined,
      remoteRtxSsrc: undefined,
      remoteCname: undefined,
      localSsrc: undefined,
      localRtxSsrc: undefined,
    };
    if (kind === 'application' || codecs.length === 0) return line;
    taken.add(kind);
    const direction = MIRRORED[offered.direction];
    const { ssrc, rtxSsrc } = local.ssrcFor(kind, index);
    const retransmits = sends(direction) && codecs.some(({ rtxPayloadType }) => rtxPayloadType !== undefined);
    return {
      ...line,
      accepted: true,
      direction,
      codecs,
      headerExtensions: offered.headerExtensions.filter(
        ({ uri }) => KEPT_EXTENSIONS.has(uri) && (uri !== MID_EXTENSION || isBundled(offer, offered.mid)),
      ),
      remoteSsrc: offered.ssrc,
      remoteRtxSsrc: offered.rtxSsrc,
      remoteCname: offered.cname,
      localSsrc: ssrc,
      localRtxSsrc: retransmits ? rtxSsrc : undefined,
    };
  });
}

/** The offered payloads of our codecs, in the order of the offer, each with its retransmission (RFC 4588). */
function agreedCodecs(media: OfferedMedia, kind: MediaKind): NegotiatedCodec[] {
  const codecs: NegotiatedCodec[] = [];
  for (const payload of media.payloads) {
    const codec = knownCodec(payload.encoding, payload.clockRate, payload.channels, payload.parameters);
    if (codec?.kind !== kind) continue;
    const retransmission = media.payloads.find(
      ({ encoding, clockRate, parameters }) =>
        encoding.toLowerCase() === 'rtx' &&
        clockRate === codec.clockRate &&
        parameters['apt'] === String(payload.payloadType),
    );
    codecs.push({
      ...codec,
      payloadType: payload.payloadType,
      rtxPayloadType: kind === 'video' ? retransmission?.payloadType : undefined,
      feedback: {
        nack: payload.feedback.has('nack'),
        pli: payload.feedback.has('nack pli'),
        fir: payload.feedback.has('ccm fir'),
        remb: payload.feedback.has('goog-remb'),
        transportCc: payload.feedback.has('transport-cc'),
      },
    });
  }
  return commonProfileFirst(codecs);
}

/**
 * Among the H.264 entries, in the places that they have, Constrained Baseline comes first: senders use the first, nothing is
 * transcoded, and a receiver without High profile would stay black (Safari offers High before it).
 */
function commonProfileFirst(codecs: readonly NegotiatedCodec[]): NegotiatedCodec[] {
  const h264 = codecs.filter(({ name }) => name === 'H264');
  const ordered = [
    ...h264.filter(isConstrainedBaseline),
    ...h264.filter((codec) => !isConstrainedBaseline(codec)),
  ];
  return codecs.map((codec) => (codec.name === 'H264' ? (ordered.shift() ?? codec) : codec));
}

function isBundled(offer: Offer, mid: string | undefined): boolean {
  return mid !== undefined && (offer.bundle?.includes(mid) ?? false);
}

function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

/** RFC 8842, section 5.3: the opposite of what was offered, our own choice if that is open. */
function ourRole(offered: OfferedSetup | undefined, preferred: 'active' | 'passive'): 'active' | 'passive' {
  if (offered === 'active') return 'passive';
  if (offered === 'passive') return 'active';
  return preferred;
}

/** One stream for all our lines; RFC 8830, section 2 allows fewer characters in ids than a cname may have. */
function msidOf(cname: string, line: NegotiatedMedia): string {
  const stream = cname.replace(/[^A-Za-z0-9+.-]/g, '-').slice(0, 40);
  return `${stream} ${stream}-${line.kind}-${line.index}`;
}

/** A candidate of ours as it may stand in SDP. @throws {Error} if it is malformed: a bug of the caller. */
export function checkedCandidate(text: string): string {
  const candidate = parseCandidate(text);
  if (!candidate) throw new Error('A local candidate is malformed');
  return writeCandidate(candidate);
}
