// Takes the answer to an offer of ours and gives what was agreed, in the same shapes as when we answer (RFC 3264,
// section 6): an answer may refuse lines, turn their direction, drop codecs and number them anew.
import type { NegotiatedCodec } from '../codecs/rtp-codec.ts';
import { refusedLine, type NegotiatedMedia, type Negotiation } from './answer.ts';
import { answeredCodecs } from './agreed-codecs.ts';
import { commonDirection, MIRRORED, sends } from './direction.ts';
import type { OwnLine, OwnOffer } from './make-offer.ts';
import { readOffer, type Offer, type OfferedMedia, type OfferedSetup } from './offer.ts';
import { SdpError } from './sdp-error.ts';
import { formatsOf, type DescribedMedia } from './write.ts';

/**
 * `own` is what `makeOffer` gave. The `answer` and the `session` of the result describe this side as agreed.
 * @throws {SdpError} 'mismatch' for an answer that does not go with the offer; the other reasons for one that cannot be
 * read.
 */
export function readAnswer(answer: string, own: OwnOffer): Negotiation {
  const answered = readOffer(answer);
  if (answered.media.length !== own.lines.length)
    throw SdpError.mismatch(`it has ${answered.media.length} m-lines, the offer has ${own.lines.length}`);
  const media = own.lines.map((line, index) => agreeOn(line, index, answered.media[index]));
  const accepted = media.filter((line) => line.accepted);
  const carrier = answered.media[accepted[0]?.index ?? 0];
  for (const { index } of accepted) checkCarried(answered, index, carrier);
  const setup = ourRole(carrier.transport.setup);
  const session = {
    ...own.session,
    bundle: accepted.map(({ index }) => own.lines[index].mid),
    media: own.session.media.map((line, index) => asAgreed(line, media[index], setup)),
  };
  return { answer: own.offer, session, setup, remote: { ...carrier.transport }, media };
}

function agreeOn(own: OwnLine, index: number, answered: OfferedMedia): NegotiatedMedia {
  const where = `m-line ${index}`;
  if (answered.type !== own.kind) throw SdpError.mismatch(`${where} has another kind of media`);
  if (answered.mid !== undefined && answered.mid !== own.mid)
    throw SdpError.mismatch(`${where} has another mid`);
  const refused = refusedLine(index, own.mid, own.kind);
  if (answered.port === 0) return refused;
  if (own.kind === 'application') {
    if (!answered.sctp) throw SdpError.mismatch(`${where} is no data channel`);
    return { ...refused, accepted: true, direction: 'sendrecv', sctp: answered.sctp };
  }
  const codecs = answeredCodecs(answered, own.kind, own.codecs);
  if (codecs.length === 0) throw SdpError.mismatch(`${where} has none of the offered codecs`);
  const direction = commonDirection(own.direction, MIRRORED[answered.direction]);
  const sendCodecs = codecs.map(({ send }) => send);
  const retransmits =
    sends(direction) && sendCodecs.some(({ rtxPayloadType }) => rtxPayloadType !== undefined);
  return {
    ...refused,
    accepted: true,
    direction,
    codecs: receivable(
      own.codecs,
      codecs.map(({ receive }) => receive),
    ),
    sendCodecs,
    headerExtensions: answered.headerExtensions.filter(({ id, uri }) =>
      own.headerExtensions.some((offered) => offered.id === id && offered.uri === uri),
    ),
    remoteSsrc: answered.ssrc,
    remoteRtxSsrc: answered.rtxSsrc,
    remoteCname: answered.cname,
    localSsrc: own.localSsrc,
    localRtxSsrc: retransmits ? own.localRtxSsrc : undefined,
  };
}

/**
 * Those of the answer, and behind them the others that we offered: Chromium sends what comes first in the offer, even where
 * its answer, by `setCodecPreferences`, leaves that out. Feedback that the answer does not want it gets for none.
 */
function receivable(offered: readonly NegotiatedCodec[], answered: NegotiatedCodec[]): NegotiatedCodec[] {
  const taken = new Set(answered.map(({ payloadType }) => payloadType));
  const others = offered.filter(({ payloadType }) => !taken.has(payloadType));
  return [...answered, ...others.map((codec) => ({ ...codec, feedback: answered[0].feedback }))];
}

/** We have one transport: an answer that takes the lines apart would wait for ever at the second one. */
function checkCarried({ bundle, media }: Offer, index: number, carrier: OfferedMedia): void {
  const { mid, transport } = media[index];
  const isBundled = [mid, carrier.mid].every((each) => each !== undefined && bundle?.includes(each));
  if (isBundled || transport.iceUfrag === carrier.transport.iceUfrag) return;
  throw SdpError.mismatch(`m-line ${index} is outside of the BUNDLE, with a transport of its own`);
}

/**
 * RFC 8842, section 5.3: 'passive' leaves the first message to us. An answer that says nothing, or 'actpass' against the
 * rules, is taken as the usual one.
 */
function ourRole(answered: OfferedSetup | undefined): 'active' | 'passive' {
  return answered === 'passive' ? 'active' : 'passive';
}

/** Our line as the next description of the session has it. */
function asAgreed(
  line: DescribedMedia,
  agreed: NegotiatedMedia,
  setup: 'active' | 'passive',
): DescribedMedia {
  if (!agreed.accepted || !line.accepted) return { ...line, accepted: undefined };
  const { rtp } = line.accepted;
  if (!rtp) return { ...line, accepted: { ...line.accepted, setup } };
  const { direction, headerExtensions, localRtxSsrc: rtxSsrc } = agreed;
  // By our own numbers, as many as there were in the answer: they come first.
  const codecs = agreed.codecs.slice(0, agreed.sendCodecs?.length);
  return {
    ...line,
    formats: formatsOf(codecs),
    accepted: { ...line.accepted, setup, rtp: { ...rtp, direction, codecs, headerExtensions, rtxSsrc } },
  };
}
