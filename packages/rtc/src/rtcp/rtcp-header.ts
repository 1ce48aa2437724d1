// The four bytes that every RTCP packet starts with (RFC 3550, section 6.4.1), and the packet types in use here.

export const RTCP_HEADER_LENGTH = 4;

/** RFC 3550, section 12.1, and RFC 4585, section 6.1. */
export const RTCP_SENDER_REPORT = 200;
export const RTCP_RECEIVER_REPORT = 201;
export const RTCP_SOURCE_DESCRIPTION = 202;
export const RTCP_GOODBYE = 203;
export const RTCP_TRANSPORT_FEEDBACK = 205;
export const RTCP_PAYLOAD_FEEDBACK = 206;

/** Formats of transport and payload-specific feedback: RFC 4585, RFC 5104, and the drafts of REMB and TWCC. */
export const FORMAT_NACK = 1;
export const FORMAT_TRANSPORT_WIDE = 15;
export const FORMAT_PLI = 1;
export const FORMAT_FIR = 4;
export const FORMAT_APPLICATION = 15;

/** The header's five-bit field counts reports, chunks or sources, so there cannot be more of them. */
export const MAX_RTCP_COUNT = 31;

/**
 * A zeroed RTCP packet of `length` bytes, a multiple of 4, with its header written.
 * `count`: report, source or chunk count, or the feedback format.
 */
export function allocateRtcp(packetType: number, count: number, length: number): Buffer {
  const packet = Buffer.alloc(length);
  packet[0] = 0x80 | count;
  packet[1] = packetType;
  packet.writeUInt16BE(length / 4 - 1, 2);
  return packet;
}

/** Who sends a feedback message and which source it is about (RFC 4585, section 6.1). */
export interface FeedbackParties {
  readonly senderSsrc: number;
  readonly mediaSsrc: number;
}

/** Bytes before the feedback control information: header and the two SSRCs. */
export const FEEDBACK_HEADER_LENGTH = 12;

/** As `allocateRtcp`, for a feedback message: its two SSRCs are written too. */
export function allocateFeedback(
  packetType: number,
  format: number,
  parties: FeedbackParties,
  length: number,
): Buffer {
  const packet = allocateRtcp(packetType, format, length);
  packet.writeUInt32BE(parties.senderSsrc, 4);
  packet.writeUInt32BE(parties.mediaSsrc, 8);
  return packet;
}

/** Refuses more entries than a packet can count. */
export function assertCountFits(what: string, count: number): void {
  if (count > MAX_RTCP_COUNT) {
    throw new RangeError(`${count} ${what} do not fit into one RTCP packet, which holds ${MAX_RTCP_COUNT}`);
  }
}
