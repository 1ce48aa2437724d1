// Writes a session description of ours, line by line, from values that were checked when they were read. Decides nothing.
import type { NegotiatedCodec } from '../codecs/rtp-codec.ts';
import type { Direction } from './offer.ts';

/** An m-line: a rejected one echoes the offer's words, the others carry the rest as well. */
export interface DescribedMedia {
  type: string;
  protocol: string;
  mid: string | undefined;
  /** The formats as offered when rejected, else the payload types. */
  formats: readonly string[];
  accepted: AcceptedMedia | undefined;
}

/** What RTP and data channels have in common; one of `rtp` and `sctp` is there. */
export interface AcceptedMedia {
  setup: 'actpass' | 'active' | 'passive';
  iceUfrag: string;
  icePwd: string;
  fingerprint: { algorithm: string; value: string };
  /** `candidate:…` values; undefined where another m-line of the BUNDLE gives them. */
  candidates: readonly string[] | undefined;
  /** Most that we want to receive, in kbit/s (`b=AS`, RFC 8866, section 5.8); undefined: nothing is written. */
  bandwidth: number | undefined;
  rtp: DescribedRtp | undefined;
  sctp: DescribedSctp | undefined;
}

export interface DescribedRtp {
  direction: Direction;
  codecs: readonly NegotiatedCodec[];
  headerExtensions: readonly { id: number; uri: string }[];
  rtcpMux: boolean;
  rtcpRsize: boolean;
  ssrc: number;
  rtxSsrc: number | undefined;
  cname: string;
  /** Stream and track id (RFC 8830); undefined: none is written. */
  msid: string | undefined;
}

export interface DescribedSctp {
  port: number;
  /** In bytes. */
  maxMessageSize: number;
  /** Whether the m-line names the port itself, as before RFC 8841. */
  isOldForm: boolean;
}

export interface SessionDescription {
  sessionId: number | string;
  /** Counts the descriptions of the session, from 1 (RFC 3264, section 8). */
  version: number;
  sessionName: string;
  iceLite: boolean;
  trickle: boolean;
  msidSemantic: boolean;
  /** Mids of the accepted bundled m-lines; undefined when there is no BUNDLE. */
  bundle: readonly string[] | undefined;
  media: readonly DescribedMedia[];
}

/** The formats of an m-line: the payload types of codecs, each followed by that of its retransmission. */
export function formatsOf(codecs: readonly NegotiatedCodec[]): string[] {
  const payloads = codecs.flatMap(({ payloadType, rtxPayloadType }) => [payloadType, rtxPayloadType]);
  return payloads.filter((payload) => payload !== undefined).map(String);
}

/** The streams that an association has each way, as browsers wrote before RFC 8841. */
const SCTPMAP_STREAMS = 1024;

/**
 * The text of a session description, each line ended by CRLF.
 * @throws {Error} if a value of ours contains a line break or another control character: that is a bug of the caller.
 */
export function writeDescription(session: SessionDescription): string {
  const lines = [
    'v=0',
    `o=- ${session.sessionId} ${session.version} IN IP4 0.0.0.0`,
    `s=${session.sessionName}`,
    't=0 0',
  ];
  if (session.iceLite) lines.push('a=ice-lite');
  if (session.trickle) lines.push('a=ice-options:trickle');
  if (session.msidSemantic) lines.push('a=msid-semantic: WMS *');
  if (session.bundle) lines.push(['a=group:BUNDLE', ...session.bundle].join(' '));
  for (const media of session.media) {
    lines.push(`m=${media.type} ${media.accepted ? 9 : 0} ${media.protocol} ${media.formats.join(' ')}`);
    lines.push('c=IN IP4 0.0.0.0');
    if (media.accepted?.bandwidth !== undefined) lines.push(`b=AS:${media.accepted.bandwidth}`);
    if (media.mid !== undefined) lines.push(`a=mid:${media.mid}`);
    if (media.accepted) lines.push(...acceptedLines(media.accepted));
    else lines.push('a=inactive');
  }
  return joinLines(lines);
}

/**
 * A description's text: each line ended by CRLF.
 * @throws {Error} if one contains a line break or another control character
 */
export function joinLines(lines: readonly string[]): string {
  // The last guard against injection, whatever was forgotten before it.
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  if (lines.some((line) => /[\x00-\x1f\x7f]/.test(line)))
    throw new Error('An SDP value has a control character');
  return lines.join('\r\n') + '\r\n';
}

function acceptedLines(media: AcceptedMedia): string[] {
  const { rtp, sctp } = media;
  const lines: string[] = [];
  if (rtp) lines.push(`a=${rtp.direction}`);
  if (rtp?.rtcpMux) lines.push('a=rtcp-mux');
  if (rtp?.rtcpRsize) lines.push('a=rtcp-rsize');
  lines.push(
    `a=ice-ufrag:${media.iceUfrag}`,
    `a=ice-pwd:${media.icePwd}`,
    `a=fingerprint:${media.fingerprint.algorithm} ${media.fingerprint.value}`,
    `a=setup:${media.setup}`,
  );
  if (rtp) lines.push(...rtpLines(rtp));
  if (sctp) lines.push(...sctpLines(sctp));
  if (media.candidates) {
    lines.push(...media.candidates.map((candidate) => `a=${candidate}`), 'a=end-of-candidates');
  }
  return lines;
}

function rtpLines(media: DescribedRtp): string[] {
  const lines = [
    ...media.headerExtensions.map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    ...media.codecs.flatMap(codecLines),
  ];
  if (media.msid !== undefined) lines.push(`a=msid:${media.msid}`);
  if (media.rtxSsrc !== undefined) lines.push(`a=ssrc-group:FID ${media.ssrc} ${media.rtxSsrc}`);
  lines.push(`a=ssrc:${media.ssrc} cname:${media.cname}`);
  if (media.rtxSsrc !== undefined) lines.push(`a=ssrc:${media.rtxSsrc} cname:${media.cname}`);
  return lines;
}

function sctpLines({ port, maxMessageSize, isOldForm }: DescribedSctp): string[] {
  const name = isOldForm ? `a=sctpmap:${port} webrtc-datachannel ${SCTPMAP_STREAMS}` : `a=sctp-port:${port}`;
  return [name, `a=max-message-size:${maxMessageSize}`];
}

/** The mapping, the feedback and the parameters of a codec, with its retransmission. */
export function codecLines(codec: NegotiatedCodec): string[] {
  const { payloadType, rtxPayloadType, feedback } = codec;
  const channels = codec.channels > 1 ? `/${codec.channels}` : '';
  const lines = [`a=rtpmap:${payloadType} ${codec.name}/${codec.clockRate}${channels}`];
  if (feedback.remb) lines.push(`a=rtcp-fb:${payloadType} goog-remb`);
  if (feedback.transportCc) lines.push(`a=rtcp-fb:${payloadType} transport-cc`);
  if (feedback.fir) lines.push(`a=rtcp-fb:${payloadType} ccm fir`);
  if (feedback.nack) lines.push(`a=rtcp-fb:${payloadType} nack`);
  if (feedback.pli) lines.push(`a=rtcp-fb:${payloadType} nack pli`);
  const parameters = Object.entries(codec.parameters).map(([name, value]) =>
    value ? `${name}=${value}` : name,
  );
  if (parameters.length > 0) lines.push(`a=fmtp:${payloadType} ${parameters.join(';')}`);
  if (rtxPayloadType !== undefined) {
    lines.push(
      `a=rtpmap:${rtxPayloadType} rtx/${codec.clockRate}`,
      `a=fmtp:${rtxPayloadType} apt=${payloadType}`,
    );
  }
  return lines;
}
