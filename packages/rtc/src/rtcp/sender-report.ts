// Sender reports (RFC 3550, section 6.4.1): what was sent, and which wall-clock time an RTP timestamp stands for.
import { ntpFromMs, ntpToMs } from '../reports/ntp.ts';
import { parseReportBlocks, REPORT_BLOCK_LENGTH, writeReportBlocks } from './report-block.ts';
import type { ReportBlock } from './report-block.ts';
import { allocateRtcp, assertCountFits, RTCP_SENDER_REPORT } from './rtcp-header.ts';

/** What the builder of a sender report needs. */
export interface SenderReportFields {
  readonly ssrc: number;
  /** The NTP timestamp as ms since 1900, fraction included. */
  readonly ntpMs: number;
  /** The same moment on the RTP clock, 32 bits; of a larger number, the low 32 are taken. */
  readonly rtpTimestamp: number;
  readonly packetCount: number;
  /** Bytes of payload, without headers and padding. */
  readonly octetCount: number;
  readonly reports: readonly ReportBlock[];
}

export interface SenderReport extends SenderReportFields {
  readonly type: 'sender-report';
  /** The same NTP timestamp, exactly: seconds since 1900, and the fraction of a second in 1/2^32; 32 bits each. */
  readonly ntpHi: number;
  readonly ntpLo: number;
}

const SENDER_INFO_LENGTH = 24;

/** Reads a packet without its first four bytes. Undefined when it is shorter than it says. */
export function parseSenderReport(body: Buffer, count: number): SenderReport | undefined {
  const reports = parseReportBlocks(body, SENDER_INFO_LENGTH, count);
  if (reports === undefined) return undefined;
  const ntpHi = body.readUInt32BE(4);
  const ntpLo = body.readUInt32BE(8);
  return {
    type: 'sender-report',
    ssrc: body.readUInt32BE(0),
    ntpMs: ntpToMs(ntpHi, ntpLo),
    ntpHi,
    ntpLo,
    rtpTimestamp: body.readUInt32BE(12),
    packetCount: body.readUInt32BE(16),
    octetCount: body.readUInt32BE(20),
    reports,
  };
}

/** Throws a RangeError for more than 31 report blocks. */
export function writeSenderReport(report: SenderReportFields): Buffer {
  assertCountFits('report blocks', report.reports.length);
  const length = 4 + SENDER_INFO_LENGTH + report.reports.length * REPORT_BLOCK_LENGTH;
  const packet = allocateRtcp(RTCP_SENDER_REPORT, report.reports.length, length);
  packet.writeUInt32BE(report.ssrc, 4);
  const { ntpHi, ntpLo } = ntpFromMs(report.ntpMs);
  packet.writeUInt32BE(ntpHi, 8);
  packet.writeUInt32BE(ntpLo, 12);
  packet.writeUInt32BE(report.rtpTimestamp >>> 0, 16);
  packet.writeUInt32BE(report.packetCount >>> 0, 20);
  packet.writeUInt32BE(report.octetCount >>> 0, 24);
  writeReportBlocks(packet, 4 + SENDER_INFO_LENGTH, report.reports);
  return packet;
}
