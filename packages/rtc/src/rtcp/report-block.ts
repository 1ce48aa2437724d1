// What a receiver reports about one source, inside sender and receiver reports (RFC 3550, section 6.4.1).

export interface ReportBlock {
  /** The source that is reported on. */
  readonly ssrc: number;
  /** Loss since the last report in 1/256, 0 to 255, as on the wire. */
  readonly fractionLost: number;
  /** Packets lost since the beginning; below zero when duplicates outnumber losses. */
  readonly cumulativeLost: number;
  /** Highest sequence number received, 32 bits: the upper 16 count the wrap-arounds. */
  readonly highestSequence: number;
  /** Interarrival jitter in RTP ticks. */
  readonly jitter: number;
  /** The middle 32 bits of the NTP time of the last sender report, 0 when there was none. */
  readonly lastSenderReport: number;
  /** Time between the arrival of that report and this one, in 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}

export const REPORT_BLOCK_LENGTH = 24;

/** The cumulative loss is a signed 24-bit number, which stops at its ends (RFC 3550, section 6.4.1). */
const MAX_CUMULATIVE_LOST = 0x7fffff;
const MIN_CUMULATIVE_LOST = -0x800000;

/** `count` report blocks from `offset` on; undefined when they reach past the end of `body`. */
export function parseReportBlocks(body: Buffer, offset: number, count: number): ReportBlock[] | undefined {
  if (offset + count * REPORT_BLOCK_LENGTH > body.length) return undefined;
  const blocks: ReportBlock[] = [];
  for (let index = 0; index < count; index++) {
    const at = offset + index * REPORT_BLOCK_LENGTH;
    blocks.push({
      ssrc: body.readUInt32BE(at),
      fractionLost: body[at + 4],
      cumulativeLost: body.readIntBE(at + 5, 3),
      highestSequence: body.readUInt32BE(at + 8),
      jitter: body.readUInt32BE(at + 12),
      lastSenderReport: body.readUInt32BE(at + 16),
      delaySinceLastSenderReport: body.readUInt32BE(at + 20),
    });
  }
  return blocks;
}

export function writeReportBlocks(packet: Buffer, offset: number, blocks: readonly ReportBlock[]): void {
  let at = offset;
  for (const block of blocks) {
    packet.writeUInt32BE(block.ssrc, at);
    packet[at + 4] = block.fractionLost;
    const lost = Math.max(MIN_CUMULATIVE_LOST, Math.min(MAX_CUMULATIVE_LOST, block.cumulativeLost));
    packet.writeIntBE(lost, at + 5, 3);
    packet.writeUInt32BE(block.highestSequence, at + 8);
    packet.writeUInt32BE(block.jitter, at + 12);
    packet.writeUInt32BE(block.lastSenderReport, at + 16);
    packet.writeUInt32BE(block.delaySinceLastSenderReport, at + 20);
    at += REPORT_BLOCK_LENGTH;
  }
}
