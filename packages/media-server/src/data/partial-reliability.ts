// Gives up messages that have become too old, or were sent often enough, once they are on their way (RFC 3758). The library's
// own way of it is replaced: it gives up the oldest message on its way instead, which may be one of a reliable channel, takes
// a limit of 0 for none, and says only once what it has given up, so that a peer that missed it waits for ever.
import type { OutgoingChunk, SctpInternals } from './sctp-library.ts';

/** Of chunks of data (RFC 9260, section 3.3.1). */
const LAST_FRAGMENT = 0x01;
const FIRST_FRAGMENT = 0x02;
const UNORDERED = 0x04;

const FORWARD_TSN = 192;

/** Makes the association keep to `maxRetransmits` and `expiry` (ms of the monotonic clock) of what it is given to send. */
export function keepToLimits(sctp: SctpInternals): void {
  /** By stream, the newest ordered message that was given up and that the peer is still to hear of. */
  const skipped = new Map<number, number>();

  sctp.maybeAbandon = (chunk) => {
    if (chunk.abandoned) return true;
    if (chunk.acked || !isOver(chunk) || !sctp.remoteExtensions.includes(FORWARD_TSN)) return false;
    for (const fragment of messageOf(sctp, chunk)) giveUp(sctp, fragment);
    return true;
  };

  sctp.updateAdvancedPeerAckPoint = () => {
    if (distance(sctp.advancedPeerAckTsn, sctp.lastSackedTsn) >= 0) {
      sctp.advancedPeerAckTsn = sctp.lastSackedTsn;
      skipped.clear();
    }
    while (sctp.sentQueue.at(0)?.abandoned) {
      const chunk = sctp.sentQueue.shift();
      if (!chunk) break;
      sctp.advancedPeerAckTsn = chunk.tsn;
      if (!(chunk.flags & UNORDERED)) skipped.set(chunk.streamId, chunk.streamSeqNum);
    }
    // Again with each acknowledgement and each timeout, until the peer has followed (section 3.5, C3 and C5).
    if (distance(sctp.lastSackedTsn, sctp.advancedPeerAckTsn) > 0)
      sctp.forwardTsnChunk = { bytes: forwardTsn(sctp.advancedPeerAckTsn, skipped) };
  };
}

function isOver({ maxRetransmits, sentCount, expiry }: OutgoingChunk): boolean {
  return (
    (maxRetransmits !== undefined && sentCount > maxRetransmits) ||
    (expiry !== undefined && performance.now() > expiry)
  );
}

/** All fragments of the message; those that wait to be sent have their numbers already, and count as sent from now on. */
function messageOf({ sentQueue, outboundQueue }: SctpInternals, chunk: OutgoingChunk): OutgoingChunk[] {
  let first = sentQueue.indexOf(chunk);
  let end = first;
  while (first > 0 && !(sentQueue[first].flags & FIRST_FRAGMENT)) first--;
  for (;;) {
    if (end === sentQueue.length) {
      const unsent = outboundQueue.shift();
      if (!unsent) break;
      sentQueue.push(unsent);
    }
    if (sentQueue[end++].flags & LAST_FRAGMENT) break;
  }
  return sentQueue.slice(first, end);
}

function giveUp(sctp: SctpInternals, chunk: OutgoingChunk): void {
  const isInFlight = chunk.sentCount > 0 && !chunk.acked && !chunk.retransmit;
  if (isInFlight) sctp.flightSize = Math.max(0, sctp.flightSize - chunk.bookSize);
  // The library takes it off the flight as well, perhaps more than once.
  chunk.bookSize = 0;
  chunk.abandoned = true;
  chunk.retransmit = false;
}

/** Section 3.2. */
function forwardTsn(newCumulativeTsn: number, skipped: ReadonlyMap<number, number>): Buffer {
  const chunk = Buffer.alloc(8 + 4 * skipped.size);
  chunk[0] = FORWARD_TSN;
  chunk.writeUInt16BE(chunk.length, 2);
  chunk.writeUInt32BE(newCumulativeTsn, 4);
  let at = 8;
  for (const [streamId, streamSeqNum] of skipped) {
    chunk.writeUInt16BE(streamId, at);
    chunk.writeUInt16BE(streamSeqNum, at + 2);
    at += 4;
  }
  return chunk;
}

/** How far `to` is ahead of `from`, negative when behind, in the arithmetic of serial numbers (RFC 1982). */
function distance(from: number, to: number): number {
  return (to - from) | 0;
}
