// Receiver reports (RFC 3550, section 6.4.2): report blocks of someone who sends nothing.
import { parseReportBlocks, REPORT_BLOCK_LENGTH, writeReportBlocks } from './report-block.ts';
import type { ReportBlock } from './report-block.ts';
import { allocateRtcp, assertCountFits, RTCP_RECEIVER_REPORT } from './rtcp-header.ts';

export interface ReceiverReport {
  readonly type: 'receiver-report';
  /** Who reports. */
  readonly ssrc: number;
  readonly reports: readonly ReportBlock[];
}

/** Reads a packet without its first four bytes. Undefined when it is shorter than it says. */
export function parseReceiverReport(body: Buffer, count: number): ReceiverReport | undefined {
  const reports = parseReportBlocks(body, 4, count);
  if (reports === undefined) return undefined;
  return { type: 'receiver-report', ssrc: body.readUInt32BE(0), reports };
}

/** Throws a RangeError for more than 31 report blocks. */
export function writeReceiverReport(report: Omit<ReceiverReport, 'type'>): Buffer {
  assertCountFits('report blocks', report.reports.length);
  const length = 8 + report.reports.length * REPORT_BLOCK_LENGTH;
  const packet = allocateRtcp(RTCP_RECEIVER_REPORT, report.reports.length, length);
  packet.writeUInt32BE(report.ssrc, 4);
  writeReportBlocks(packet, 8, report.reports);
  return packet;
}
