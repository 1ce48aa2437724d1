// Agrees on plain RTP: which lines of an offer are taken, with which codecs, keys and directions, and what an answer made
// of an offer of ours (RFC 3264, RFC 4568; behaviour of Kurento's RtpEndpoint, one audio and one video). No ports are
// needed to agree; plain-write.ts puts them in.
import type { MediaKind, NegotiatedCodec, RtcpFeedbackSet } from '../codecs/rtp-codec.ts';
import type { SdesSuite, SrtpKeys } from '../srtp/srtp-profile.ts';
import { agreedCodecs, answeredCodecs, type AnsweredCodec } from './agreed-codecs.ts';
import { refusedLine as refusedMedia, type NegotiatedMedia } from './answer.ts';
import { commonDirection, MIRRORED } from './direction.ts';
import { OFFERED_CODECS } from './offered-codecs.ts';
import { readPlainMedia, type PlainMedia, type PlainPlace } from './plain-media.ts';
import { SdpError } from './sdp-error.ts';

/** Our side. */
export interface PlainLocal {
  /** What we send with; undefined: packets are in the clear. */
  readonly crypto: SrtpKeys<SdesSuite> | undefined;
  /** Whether our addresses are of IPv6. */
  readonly ipv6: boolean;
  /** A new SSRC, not 0. */
  newSsrc(): number;
}

/** One m-line as agreed on. */
export interface PlainLine {
  readonly media: NegotiatedMedia;
  /** First word of the m-line. */
  readonly type: string;
  readonly protocol: string;
  readonly formats: readonly string[];
  /** RTP and RTCP by one port (RFC 5761). */
  readonly rtcpMux: boolean;
  /** Where the peer receives; undefined when it does not, or when that is learned from its packets. */
  readonly place: PlainPlace | undefined;
  /** Whether the place is learned from where the peer's packets come from. */
  readonly comesToUs: boolean;
  /** Undefined: in the clear. */
  readonly crypto: PlainCrypto | undefined;
}

export interface PlainCrypto {
  /** Of the `a=crypto` line that was picked. */
  readonly tag: number;
  readonly send: SrtpKeys<SdesSuite>;
  /** Undefined in an offer, where the peer's are still to come. */
  readonly receive: SrtpKeys<SdesSuite> | undefined;
}

const CLEAR_PROTOCOL = /^RTP\/AVPF?$/;
const PROTECTED_PROTOCOL = /^RTP\/SAVPF?$/;
const NO_FEEDBACK: RtcpFeedbackSet = { nack: false, pli: false, fir: false, remb: false, transportCc: false };

/**
 * Agrees on an offer. The first usable audio and the first usable video line are taken, the others refused: so is
 * protected media by an endpoint without keys, and clear media by one with keys.
 * @throws {SdpError} for an offer that cannot be read, and for an address that cannot be sent to
 */
export function agreeOnPlainOffer(offer: string, local: PlainLocal): PlainLine[] {
  const taken = new Set<MediaKind>();
  return readPlainMedia(offer).map((plain, index) => {
    const { type } = plain.described;
    const known: MediaKind | undefined = type === 'audio' || type === 'video' ? type : undefined;
    const kind = known && !taken.has(known) ? known : undefined;
    const crypto = kind && pickCrypto(plain, local);
    const codecs = kind ? agreedCodecs(plain.described, kind).map((codec) => asPlain(codec, plain)) : [];
    if (!kind || codecs.length === 0 || crypto === 'none') return refusedLine(plain, index);
    taken.add(kind);
    const direction = MIRRORED[plain.described.direction];
    const { mid } = plain.described;
    const agreed = { index, mid, kind, direction, codecs, localSsrc: local.newSsrc() };
    return takenLine(plain, agreed, crypto, local);
  });
}

/**
 * The lines of an offer of ours: everything that we carry, both ways.
 * @throws {SdpError} for no kind at all
 */
export function offerPlainLines(kinds: readonly MediaKind[], local: PlainLocal): PlainLine[] {
  if (kinds.length === 0) throw SdpError.nothingToOffer();
  return kinds.map((kind, index) => {
    const codecs = OFFERED_CODECS[kind].map(withoutExtras);
    return {
      media: {
        ...refusedMedia(index, `${kind}0`, kind),
        accepted: true,
        direction: 'sendrecv',
        codecs,
        localSsrc: local.newSsrc(),
      },
      type: kind,
      protocol: local.crypto ? 'RTP/SAVPF' : 'RTP/AVPF',
      formats: formatsOf(codecs),
      rtcpMux: false,
      place: undefined,
      comesToUs: false,
      crypto: local.crypto && { tag: 1, send: local.crypto, receive: undefined },
    };
  });
}

/**
 * What the far side made of an offer of ours.
 * @throws {SdpError} for an answer that cannot be read, that does not go with the offer, or whose address cannot be sent to
 */
export function readPlainAnswer(
  answer: string,
  offered: readonly PlainLine[],
  local: PlainLocal,
): PlainLine[] {
  const media = readPlainMedia(answer);
  if (media.length !== offered.length)
    throw SdpError.mismatch(`it has ${media.length} m-lines, the offer has ${offered.length}`);
  return offered.map((own, index) => {
    const plain = media[index];
    const where = `m-line ${index}`;
    const { kind, mid, localSsrc } = own.media;
    if (plain.described.type !== own.type || kind === 'application')
      throw SdpError.mismatch(`${where} has another kind of media`);
    if (plain.described.port === 0) return refusedLine(plain, index);
    const crypto = pickCrypto(plain, local);
    if (crypto === 'none' || crypto?.tag !== own.crypto?.tag)
      throw SdpError.mismatch(`${where} is not protected as offered`);
    const codecs = answeredCodecs(plain.described, kind, own.media.codecs);
    if (codecs.length === 0) throw SdpError.mismatch(`${where} has none of the offered codecs`);
    const of = (side: keyof AnsweredCodec) => codecs.map((codec) => asPlain(codec[side], plain));
    const direction = commonDirection(own.media.direction, MIRRORED[plain.described.direction]);
    const agreed = { index, mid, kind, direction, codecs: of('receive'), sendCodecs: of('send'), localSsrc };
    return takenLine(plain, agreed, crypto, local);
  });
}

function refusedLine({ described }: PlainMedia, index: number): PlainLine {
  const { type, mid, protocol, formats } = described;
  const kind = type === 'audio' || type === 'video' ? type : 'application';
  return {
    media: refusedMedia(index, mid, kind),
    type,
    protocol,
    formats,
    rtcpMux: false,
    place: undefined,
    comesToUs: false,
    crypto: undefined,
  };
}

interface Agreed extends Pick<
  NegotiatedMedia,
  'index' | 'mid' | 'direction' | 'codecs' | 'sendCodecs' | 'localSsrc'
> {
  readonly kind: MediaKind;
}

function takenLine(
  { described, place, comesToUs }: PlainMedia,
  agreed: Agreed,
  crypto: PlainCrypto | undefined,
  local: PlainLocal,
): PlainLine {
  const { type, protocol, rtcpMux, ssrc, cname } = described;
  if (place && place.address.includes(':') !== local.ipv6) {
    const [theirs, ours] = local.ipv6 ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4'];
    throw SdpError.mismatch(`the peer has an ${theirs} address, and this side was made for ${ours}`);
  }
  const onHold = !place && !comesToUs;
  return {
    media: {
      ...refusedMedia(agreed.index, agreed.mid, agreed.kind),
      ...agreed,
      accepted: true,
      ...(onHold ? { direction: 'inactive' } : {}),
      remoteSsrc: ssrc,
      remoteCname: cname,
    },
    type,
    protocol,
    formats: formatsOf(agreed.codecs),
    rtcpMux,
    place,
    comesToUs,
    crypto,
  };
}

/** The first line with our suite; 'none' when profile and keys do not go together. */
function pickCrypto(
  { described, cryptos }: PlainMedia,
  { crypto }: PlainLocal,
): PlainCrypto | undefined | 'none' {
  if (described.port === 0) return 'none';
  if (!crypto) return CLEAR_PROTOCOL.test(described.protocol) ? undefined : 'none';
  if (!PROTECTED_PROTOCOL.test(described.protocol)) return 'none';
  const picked = cryptos.find(({ keys }) => keys.profile === crypto.profile);
  return picked ? { tag: picked.tag, send: crypto, receive: picked.keys } : 'none';
}

/** With feedback where the profile has any (RFC 4585, section 4). */
function asPlain(codec: NegotiatedCodec, { described }: PlainMedia): NegotiatedCodec {
  const plain = withUsualProfile(withoutExtras(codec));
  return described.protocol.endsWith('F') ? plain : { ...plain, feedback: NO_FEEDBACK };
}

/**
 * H.264 as those mean it who write their descriptions by hand, or before they encode, as FFmpeg does. By RFC 6184, section
 * 8.1, no parameters mean a profile that few encoders have, in packets that hardly anybody makes.
 */
function withUsualProfile(codec: NegotiatedCodec): NegotiatedCodec {
  const { name, parameters } = codec;
  if (name !== 'H264' || 'profile-level-id' in parameters) return codec;
  const packetization: Record<string, string> =
    Object.keys(parameters).length === 0 ? { 'packetization-mode': '1' } : {};
  return { ...codec, parameters: { ...parameters, ...packetization, 'profile-level-id': '42e01f' } };
}

/** What only browsers know: retransmission under a payload type of its own, and feedback on the whole transport. */
function withoutExtras(codec: NegotiatedCodec): NegotiatedCodec {
  return { ...codec, rtxPayloadType: undefined, feedback: { ...codec.feedback, transportCc: false } };
}

function formatsOf(codecs: readonly NegotiatedCodec[]): string[] {
  return codecs.map(({ payloadType }) => String(payloadType));
}
