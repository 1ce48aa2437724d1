// Answers an SDP offer as an ICE-lite media server without transcoding: mirrors it, keeps the codecs and extensions
// that we carry, refuses the rest (RFC 3264, RFC 8829; behaviour of Kurento's WebRtcEndpoint, one audio and one video).
import type { MediaKind, NegotiatedCodec } from '../codecs/rtp-codec.ts';
import { agreedCodecs } from './agreed-codecs.ts';
import { boundedCodecs } from './audio-bandwidth.ts';
import { parseCandidate, writeCandidate } from './candidate.ts';
import { MIRRORED, sends } from './direction.ts';
import { meaningsOf, MID_EXTENSION } from './header-extensions.ts';
import { readOffer, type Direction, type Fingerprint, type Offer } from './offer.ts';
import type { OfferedMedia, OfferedSctp, OfferedSetup } from './offer.ts';
import { formatsOf, writeDescription, type AcceptedMedia, type DescribedMedia } from './write.ts';
import type { SessionDescription } from './write.ts';

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
  /** Our end of a data channel's association; undefined: lines for data are refused. */
  data?: LocalSctp | undefined;
  /** Most that we want to receive, in kbit/s, written into lines of ours as `b=AS`. */
  bandwidth?: { audio?: number | undefined; video?: number | undefined };
}

export interface LocalSctp {
  port: number;
  /** In bytes. */
  maxMessageSize: number;
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
  /**
   * Agreed codecs in the other side's order, with the payload types that it sends; empty when not accepted. After an offer
   * of ours also those that the answer left out, at the end.
   */
  codecs: NegotiatedCodec[];
  /** What it receives, by its payload types, where that may be something else (RFC 3264, section 6.1). */
  sendCodecs?: NegotiatedCodec[];
  headerExtensions: { id: number; uri: string }[];
  remoteSsrc: number | undefined;
  remoteRtxSsrc: number | undefined;
  remoteCname: string | undefined;
  /** Undefined when not accepted. We report (RTCP) with it even where we do not send. */
  localSsrc: number | undefined;
  /** Undefined unless we send and retransmission is agreed. */
  localRtxSsrc: number | undefined;
  /** The far end of the association, for an accepted data channel. */
  sctp?: OfferedSctp | undefined;
}

export interface Negotiation {
  answer: string;
  /** The answer as values, for the next one of the same session. */
  session: SessionDescription;
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

/**
 * Answers `offer`. The first usable audio line, the first usable video line and, when we have data, the first one for data
 * are accepted; all others are refused with port 0. Our candidates stand in the first accepted line of the BUNDLE and in
 * each accepted line outside of it.
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
  const session: SessionDescription = {
    sessionId: local.sessionId,
    version: 1,
    sessionName: local.sessionName,
    iceLite: local.iceLite,
    trickle: offered.trickle,
    msidSemantic: offered.msidSemantic,
    bundle: offered.bundle && accepted.filter(bundled).flatMap(({ mid }) => mid ?? []),
    media: media.map((line) => describe(line, offered, local, carriers.includes(line))),
  };
  const answer = writeDescription(session);
  return { answer, session, setup: ourRole(remote.setup, local.setup), remote: { ...remote }, media };
}

function describe(
  line: NegotiatedMedia,
  offer: Offer,
  local: LocalSession,
  carriesCandidates: boolean,
): DescribedMedia {
  const { type, protocol, formats, mid, rtcpMux, rtcpRsize, transport } = offer.media[line.index];
  if (!line.accepted) return { type, protocol, mid, formats, accepted: undefined };
  const setup = ourRole(transport.setup, local.setup);
  const carried = { ...ourTransport(local, setup, carriesCandidates), ...NO_CONTENT };
  if (line.sctp && local.data) {
    const { isOldForm } = line.sctp;
    const sctp = { ...local.data, isOldForm };
    const words = isOldForm ? [String(sctp.port)] : formats;
    return { type, protocol, mid, formats: words, accepted: { ...carried, sctp } };
  }
  const { kind, index, direction, codecs, headerExtensions, localSsrc: ssrc, localRtxSsrc: rtxSsrc } = line;
  if (kind === 'application' || ssrc === undefined)
    throw new Error('An accepted line has neither RTP nor data');
  // For video, REMB says it, and may say something else the next moment.
  const bandwidth = kind === 'audio' ? local.bandwidth?.audio : undefined;
  const rtp = {
    direction,
    codecs: boundedCodecs(codecs, bandwidth),
    headerExtensions,
    rtcpMux,
    rtcpRsize,
    ssrc,
    rtxSsrc,
    cname: local.cname,
    msid: offer.msidSemantic && sends(direction) ? msidOf(local.cname, kind, index) : undefined,
  };
  return { type, protocol, mid, formats: formatsOf(codecs), accepted: { ...carried, bandwidth, rtp } };
}

const NO_TRANSPORT = { iceUfrag: undefined, icePwd: undefined, fingerprint: undefined, setup: undefined };
const NO_CONTENT = { bandwidth: undefined, rtp: undefined, sctp: undefined };

/** An m-line about which nothing is agreed yet. */
export function refusedLine(
  index: number,
  mid: string | undefined,
  kind: NegotiatedMedia['kind'],
): NegotiatedMedia {
  return {
    index,
    mid,
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
}

/** What every m-line of ours says of the transport that carries it. */
export function ourTransport(
  local: LocalSession,
  setup: AcceptedMedia['setup'],
  carriesCandidates: boolean,
): Pick<AcceptedMedia, 'setup' | 'iceUfrag' | 'icePwd' | 'fingerprint' | 'candidates'> {
  const { iceUfrag, icePwd, fingerprint } = local;
  const candidates = carriesCandidates ? local.candidates.map(checkedCandidate) : undefined;
  return { setup, iceUfrag, icePwd, fingerprint, candidates };
}

function negotiateMedia(offer: Offer, local: LocalSession): NegotiatedMedia[] {
  const taken = new Set<NegotiatedMedia['kind']>();
  let carrier: OfferedMedia | undefined;
  return offer.media.map((offered, index) => {
    const kind = offered.type === 'audio' || offered.type === 'video' ? offered.type : 'application';
    const refused = refusedLine(index, offered.mid, kind);
    const offeredAtAll = offered.port !== 0 || offered.bundleOnly;
    const reachable = !carrier || isCarriedWith(offer, offered, carrier);
    if (!offeredAtAll || taken.has(kind) || !reachable) return refused;
    const line = kind === 'application' ? withData(offered, refused, local) : undefined;
    const agreed = kind === 'application' ? line : withCodecs(offer, offered, kind, refused, local);
    if (!agreed) return refused;
    taken.add(kind);
    carrier ??= offered;
    return agreed;
  });
}

/** There is one transport: what neither shares a BUNDLE with the first line nor its credentials would wait for ever. */
function isCarriedWith(offer: Offer, line: OfferedMedia, carrier: OfferedMedia): boolean {
  if (isBundled(offer, line.mid) && isBundled(offer, carrier.mid)) return true;
  return line.transport.iceUfrag === carrier.transport.iceUfrag;
}

function withData(
  offered: OfferedMedia,
  line: NegotiatedMedia,
  local: LocalSession,
): NegotiatedMedia | undefined {
  if (!local.data || !offered.sctp || offered.type !== 'application') return undefined;
  return { ...line, accepted: true, direction: 'sendrecv', sctp: offered.sctp };
}

function withCodecs(
  offer: Offer,
  offered: OfferedMedia,
  kind: MediaKind,
  line: NegotiatedMedia,
  local: LocalSession,
): NegotiatedMedia | undefined {
  const codecs = ACCEPTED_PROTOCOL.test(offered.protocol) ? agreedCodecs(offered, kind) : [];
  if (codecs.length === 0) return undefined;
  const direction = MIRRORED[offered.direction];
  const { ssrc, rtxSsrc } = local.ssrcFor(kind, line.index);
  const meanings = meaningsOf(offer.media);
  const retransmits = sends(direction) && codecs.some(({ rtxPayloadType }) => rtxPayloadType !== undefined);
  return {
    ...line,
    accepted: true,
    direction,
    codecs,
    headerExtensions: offered.headerExtensions.filter(
      ({ id, uri }) => meanings.get(id) === uri && (uri !== MID_EXTENSION || isBundled(offer, offered.mid)),
    ),
    remoteSsrc: offered.ssrc,
    remoteRtxSsrc: offered.rtxSsrc,
    remoteCname: offered.cname,
    localSsrc: ssrc,
    localRtxSsrc: retransmits ? rtxSsrc : undefined,
  };
}

function isBundled(offer: Offer, mid: string | undefined): boolean {
  return mid !== undefined && (offer.bundle?.includes(mid) ?? false);
}

/** RFC 8842, section 5.3: the opposite of what was offered, our own choice if that is open. */
function ourRole(offered: OfferedSetup | undefined, preferred: 'active' | 'passive'): 'active' | 'passive' {
  if (offered === 'active') return 'passive';
  if (offered === 'passive') return 'active';
  return preferred;
}

/** One stream for all our lines; RFC 8830, section 2 allows fewer characters in ids than a cname may have. */
export function msidOf(cname: string, kind: MediaKind, index: number): string {
  const stream = cname.replace(/[^A-Za-z0-9+.-]/g, '-').slice(0, 40);
  return `${stream} ${stream}-${kind}-${index}`;
}

/** A candidate of ours as it may stand in SDP. @throws {Error} if it is malformed: a bug of the caller. */
export function checkedCandidate(text: string): string {
  const candidate = parseCandidate(text);
  if (!candidate) throw new Error('A local candidate is malformed');
  return writeCandidate(candidate);
}
