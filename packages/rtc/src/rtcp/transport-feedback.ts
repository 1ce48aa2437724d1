// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): which packets of a whole connection came
// in, and when. Reads and writes the message; when to send it is the recorder's decision (`twcc/`).
import {
  allocateFeedback,
  FEEDBACK_HEADER_LENGTH,
  FORMAT_TRANSPORT_WIDE,
  RTCP_TRANSPORT_FEEDBACK,
} from './rtcp-header.ts';
import type { FeedbackParties } from './rtcp-header.ts';
import {
  readPacketStatuses,
  RECEIVED_LARGE_DELTA,
  RECEIVED_SMALL_DELTA,
  NOT_RECEIVED,
  writePacketStatuses,
} from './transport-feedback-chunks.ts';
import type { PacketStatus } from './transport-feedback-chunks.ts';

export interface TransportFeedbackPacket {
  /** 16 bits, counted over the whole connection. */
  readonly sequence: number;
  /**
   * Arrival in 1/4 ms after the packet received before it in this message; for the first one, after the reference time.
   * Below zero when it overtook. Undefined: not received.
   */
  readonly receivedDeltaTicks: number | undefined;
}

export interface TransportFeedback extends FeedbackParties {
  readonly type: 'transport-feedback';
  readonly baseSequence: number;
  /** In 64 ms, signed 24 bits, from an origin of the receiver's choice; wraps around after 12 days. */
  readonly referenceTime: number;
  /** 8 bits, one more in each message. */
  readonly feedbackCount: number;
  readonly packets: readonly TransportFeedbackPacket[];
}

export interface TransportFeedbackFields extends FeedbackParties {
  /** Low 16, 24 and 8 bits are taken, so that running counters may be given. */
  readonly baseSequence: number;
  readonly referenceTime: number;
  readonly feedbackCount: number;
  /** One entry for each packet from `baseSequence` on, as `TransportFeedbackPacket.receivedDeltaTicks`. */
  readonly receivedDeltaTicks: readonly (number | undefined)[];
}

export const TICKS_PER_MS = 4;
export const REFERENCE_TIME_MS = 64;
export const MIN_DELTA_TICKS = -0x8000;
export const MAX_DELTA_TICKS = 0x7fff;

/**
 * The most packets that a message may tell of. Ours never tells of more, and eight bytes can claim 65,535 lost ones, so
 * that a longer list would make a small datagram expensive to read.
 */
export const MAX_FEEDBACK_PACKETS = 8_191;

const MAX_SMALL_DELTA = 0xff;
/** Where the chunks begin in the body: two SSRCs, base, count, reference time and feedback count come before. */
const CHUNKS_OFFSET = 16;

/** Reads a packet without its first four bytes. Undefined when it is shorter than it says, or claims too many packets. */
export function parseTransportFeedback(body: Buffer): TransportFeedback | undefined {
  if (body.length < CHUNKS_OFFSET) return undefined;
  const count = body.readUInt16BE(10);
  if (count === 0 || count > MAX_FEEDBACK_PACKETS) return undefined;
  const statuses: PacketStatus[] = [];
  let at = readPacketStatuses(body, CHUNKS_OFFSET, count, statuses);
  if (at === undefined) return undefined;
  const baseSequence = body.readUInt16BE(8);
  const packets: TransportFeedbackPacket[] = [];
  for (let index = 0; index < count; index++) {
    let receivedDeltaTicks: number | undefined;
    if (statuses[index] === RECEIVED_SMALL_DELTA) {
      if (at + 1 > body.length) return undefined;
      receivedDeltaTicks = body[at];
      at += 1;
    } else if (statuses[index] === RECEIVED_LARGE_DELTA) {
      if (at + 2 > body.length) return undefined;
      receivedDeltaTicks = body.readInt16BE(at);
      at += 2;
    }
    packets.push({ sequence: (baseSequence + index) & 0xffff, receivedDeltaTicks });
  }
  return {
    type: 'transport-feedback',
    senderSsrc: body.readUInt32BE(0),
    mediaSsrc: body.readUInt32BE(4),
    baseSequence,
    referenceTime: body.readIntBE(12, 3),
    feedbackCount: body[15],
    packets,
  };
}

/** Throws a RangeError for no packet, for more than 8,191, and for a delta that does not fit 16 bits. */
export function writeTransportFeedback(feedback: TransportFeedbackFields): Buffer {
  const deltas = feedback.receivedDeltaTicks;
  if (deltas.length === 0 || deltas.length > MAX_FEEDBACK_PACKETS) {
    throw new RangeError(`transport feedback about ${deltas.length} packets`);
  }
  const statuses: PacketStatus[] = [];
  let deltaLength = 0;
  for (const delta of deltas) {
    const status = statusOf(delta);
    statuses.push(status);
    deltaLength += status;
  }
  const chunks: number[] = [];
  writePacketStatuses(statuses, chunks);
  const used = 4 + CHUNKS_OFFSET + chunks.length * 2 + deltaLength;
  const length = (used + 3) & ~3;
  const packet = allocateFeedback(RTCP_TRANSPORT_FEEDBACK, FORMAT_TRANSPORT_WIDE, feedback, length);
  packet.writeUInt16BE(feedback.baseSequence & 0xffff, FEEDBACK_HEADER_LENGTH);
  packet.writeUInt16BE(deltas.length, FEEDBACK_HEADER_LENGTH + 2);
  packet.writeUIntBE(feedback.referenceTime & 0xffffff, FEEDBACK_HEADER_LENGTH + 4, 3);
  packet[FEEDBACK_HEADER_LENGTH + 7] = feedback.feedbackCount;
  let at = 4 + CHUNKS_OFFSET;
  for (const chunk of chunks) at = packet.writeUInt16BE(chunk, at);
  for (let index = 0; index < deltas.length; index++) {
    const delta = deltas[index];
    if (delta === undefined) continue;
    at =
      statuses[index] === RECEIVED_SMALL_DELTA
        ? packet.writeUInt8(delta, at)
        : packet.writeInt16BE(delta, at);
  }
  if (used < length) {
    packet[0] |= 0x20;
    packet[length - 1] = length - used;
  }
  return packet;
}

/** The status of a packet, which is also the number of bytes that its delta takes. */
function statusOf(delta: number | undefined): PacketStatus {
  if (delta === undefined) return NOT_RECEIVED;
  if (delta >= 0 && delta <= MAX_SMALL_DELTA) return RECEIVED_SMALL_DELTA;
  if (delta >= MIN_DELTA_TICKS && delta <= MAX_DELTA_TICKS) return RECEIVED_LARGE_DELTA;
  throw new RangeError(`a receive delta of ${delta} ticks does not fit 16 bits`);
}
