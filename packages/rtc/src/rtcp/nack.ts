// Generic NACK (RFC 4585, section 6.2.1): the sequence numbers of packets to send again.
import {
  allocateFeedback,
  FEEDBACK_HEADER_LENGTH,
  FORMAT_NACK,
  RTCP_TRANSPORT_FEEDBACK,
} from './rtcp-header.ts';
import type { FeedbackParties } from './rtcp-header.ts';

export interface Nack extends FeedbackParties {
  readonly type: 'nack';
  /** 16-bit sequence numbers, as they stand in the message. */
  readonly sequences: readonly number[];
}

/** How many packets after the first one an entry's bit mask covers. */
const MASK_BITS = 16;
const ENTRY_LENGTH = 4;

/** Reads a packet without its first four bytes. Undefined when it holds no entry. */
export function parseNack(body: Buffer): Nack | undefined {
  if (body.length < 8 + ENTRY_LENGTH) return undefined;
  const sequences: number[] = [];
  for (let at = 8; at + ENTRY_LENGTH <= body.length; at += ENTRY_LENGTH) {
    const first = body.readUInt16BE(at);
    const mask = body.readUInt16BE(at + 2);
    sequences.push(first);
    for (let bit = 0; bit < MASK_BITS; bit++) {
      if ((mask & (1 << bit)) !== 0) sequences.push((first + 1 + bit) & 0xffff);
    }
  }
  return { type: 'nack', senderSsrc: body.readUInt32BE(0), mediaSsrc: body.readUInt32BE(4), sequences };
}

/**
 * `sequences`: at least one 16-bit number, else a RangeError. Oldest first gives the shortest message: neighbours within
 * 16 share one entry, across the wrap-around too.
 */
export function writeNack(nack: Omit<Nack, 'type'>): Buffer {
  if (nack.sequences.length === 0) throw new RangeError('a NACK names at least one packet');
  const firsts: number[] = [];
  const masks: number[] = [];
  let last = -1;
  for (const sequence of nack.sequences) {
    const behindFirst = last < 0 ? Infinity : (sequence - firsts[last]) & 0xffff;
    if (behindFirst > MASK_BITS) {
      last = firsts.push(sequence) - 1;
      masks.push(0);
    } else if (behindFirst > 0) {
      masks[last] |= 1 << (behindFirst - 1);
    }
  }
  const length = FEEDBACK_HEADER_LENGTH + firsts.length * ENTRY_LENGTH;
  const packet = allocateFeedback(RTCP_TRANSPORT_FEEDBACK, FORMAT_NACK, nack, length);
  for (let index = 0; index < firsts.length; index++) {
    packet.writeUInt16BE(firsts[index], FEEDBACK_HEADER_LENGTH + index * ENTRY_LENGTH);
    packet.writeUInt16BE(masks[index], FEEDBACK_HEADER_LENGTH + index * ENTRY_LENGTH + 2);
  }
  return packet;
}
