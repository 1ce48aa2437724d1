// RTCP as a whole: taking compound packets apart and putting them together. Each type has a file of its own.
import { parseGoodbye } from './bye.ts';
import type { Goodbye } from './bye.ts';
import { parseFullIntraRequest } from './fir.ts';
import type { FullIntraRequest } from './fir.ts';
import { parseNack } from './nack.ts';
import type { Nack } from './nack.ts';
import { parsePictureLossIndication } from './pli.ts';
import type { PictureLossIndication } from './pli.ts';
import { parseReceiverReport } from './receiver-report.ts';
import type { ReceiverReport } from './receiver-report.ts';
import { parseRemb } from './remb.ts';
import type { ReceiverEstimatedMaximumBitrate } from './remb.ts';
import {
  FORMAT_APPLICATION,
  FORMAT_FIR,
  FORMAT_NACK,
  FORMAT_PLI,
  FORMAT_TRANSPORT_WIDE,
  RTCP_GOODBYE,
  RTCP_HEADER_LENGTH,
  RTCP_PAYLOAD_FEEDBACK,
  RTCP_RECEIVER_REPORT,
  RTCP_SENDER_REPORT,
  RTCP_SOURCE_DESCRIPTION,
  RTCP_TRANSPORT_FEEDBACK,
} from './rtcp-header.ts';
import { parseSourceDescription } from './sdes.ts';
import type { SourceDescription } from './sdes.ts';
import { parseSenderReport } from './sender-report.ts';
import type { SenderReport } from './sender-report.ts';
import { MAX_FEEDBACK_PACKETS, parseTransportFeedback } from './transport-feedback.ts';
import type { TransportFeedback } from './transport-feedback.ts';

export type RtcpPacket =
  | SenderReport
  | ReceiverReport
  | SourceDescription
  | Goodbye
  | Nack
  | PictureLossIndication
  | FullIntraRequest
  | ReceiverEstimatedMaximumBitrate
  | TransportFeedback;

/**
 * Reads a clear compound packet (RFC 3550, section 6.1), or one of reduced size (RFC 5506). Never throws: packets of
 * unknown type and packets that do not hold what they announce are skipped; where a header does not fit what is left of
 * the datagram, the rest is dropped; so is what follows after transport-wide feedback about more than 8,191 packets,
 * which cost the sender a few bytes and us many objects.
 */
export function parseRtcp(bytes: Buffer): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  let feedbackPackets = 0;
  let at = 0;
  while (at + RTCP_HEADER_LENGTH <= bytes.length) {
    if (bytes[at] >> 6 !== 2) break;
    const end = at + 4 * (bytes.readUInt16BE(at + 2) + 1);
    if (end > bytes.length) break;
    const padding = (bytes[at] & 0x20) === 0 ? 0 : bytes[end - 1];
    const bodyStart = at + RTCP_HEADER_LENGTH;
    if (bodyStart + padding <= end) {
      const body = bytes.subarray(bodyStart, end - padding);
      const packet = parseBody(bytes[at + 1], bytes[at] & 0x1f, body);
      if (packet !== undefined) packets.push(packet);
      if (packet?.type === 'transport-feedback') feedbackPackets += packet.packets.length;
      if (feedbackPackets > MAX_FEEDBACK_PACKETS) break;
    }
    at = end;
  }
  return packets;
}

/** Packets for one datagram. A report comes first unless reduced size was negotiated (RFC 3550, section 6.1). */
export function compoundRtcp(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts);
}

/** `count`: the five bits that count entries, or name the format of feedback. */
function parseBody(packetType: number, count: number, body: Buffer): RtcpPacket | undefined {
  switch (packetType) {
    case RTCP_SENDER_REPORT:
      return parseSenderReport(body, count);
    case RTCP_RECEIVER_REPORT:
      return parseReceiverReport(body, count);
    case RTCP_SOURCE_DESCRIPTION:
      return parseSourceDescription(body, count);
    case RTCP_GOODBYE:
      return parseGoodbye(body, count);
    case RTCP_TRANSPORT_FEEDBACK:
      if (count === FORMAT_NACK) return parseNack(body);
      if (count === FORMAT_TRANSPORT_WIDE) return parseTransportFeedback(body);
      return undefined;
    case RTCP_PAYLOAD_FEEDBACK:
      if (count === FORMAT_PLI) return parsePictureLossIndication(body);
      if (count === FORMAT_FIR) return parseFullIntraRequest(body);
      if (count === FORMAT_APPLICATION) return parseRemb(body);
      return undefined;
    default:
      return undefined;
  }
}
