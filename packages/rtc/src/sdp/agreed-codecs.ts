// Which of the payloads in the other side's m-line we use: those of our codecs, each with its retransmission.
import {
  isConstrainedBaseline,
  knownCodec,
  sameCodec,
  type MediaKind,
  type NegotiatedCodec,
  type RtcpFeedbackSet,
} from '../codecs/rtp-codec.ts';
import type { OfferedMedia, OfferedPayload } from './offer.ts';

/** The payloads of our codecs, in the order of the line, each with its retransmission (RFC 4588). */
export function agreedCodecs(media: OfferedMedia, kind: MediaKind): NegotiatedCodec[] {
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
      feedback: feedbackOf(payload),
    });
  }
  return commonProfileFirst(codecs);
}

/** A codec that both sides named: how we receive it, and how we send it. */
export interface AnsweredCodec {
  /** By our payload types: those that the other side sends with (RFC 3264, section 6.1). */
  receive: NegotiatedCodec;
  /** By the other side's payload types. */
  send: NegotiatedCodec;
}

/**
 * Those of `offered`, our own, that the answer has kept, in the answer's order. An answer may number them anew; under the
 * same number it may leave out the parameters.
 */
export function answeredCodecs(
  media: OfferedMedia,
  kind: MediaKind,
  offered: readonly NegotiatedCodec[],
): AnsweredCodec[] {
  const left = [...offered];
  return agreedCodecs(media, kind).flatMap((answered): AnsweredCodec[] => {
    const own =
      left.find(({ name, payloadType }) => payloadType === answered.payloadType && name === answered.name) ??
      left.find((codec) => sameCodec(codec, answered));
    if (!own) return [];
    left.splice(left.indexOf(own), 1);
    const feedback = commonFeedback(own.feedback, answered.feedback);
    const parameters = { ...own.parameters, ...answered.parameters };
    const isRetransmitted = answered.rtxPayloadType !== undefined;
    return [
      {
        receive: { ...own, feedback, rtxPayloadType: isRetransmitted ? own.rtxPayloadType : undefined },
        send: { ...answered, feedback, parameters },
      },
    ];
  });
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

function feedbackOf({ feedback }: OfferedPayload): RtcpFeedbackSet {
  return {
    nack: feedback.has('nack'),
    pli: feedback.has('nack pli'),
    fir: feedback.has('ccm fir'),
    remb: feedback.has('goog-remb'),
    transportCc: feedback.has('transport-cc'),
  };
}

function commonFeedback(one: RtcpFeedbackSet, other: RtcpFeedbackSet): RtcpFeedbackSet {
  return {
    nack: one.nack && other.nack,
    pli: one.pli && other.pli,
    fir: one.fir && other.fir,
    remb: one.remb && other.remb,
    transportCc: one.transportCc && other.transportCc,
  };
}
