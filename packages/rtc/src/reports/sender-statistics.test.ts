import { describe, expect, it } from 'vitest';
import type { ReportBlock } from '../rtcp/report-block.ts';
import { middle32, ntpFromMs, ntpNow, ntpToMs } from './ntp.ts';
import { ReceptionStatistics } from './reception-statistics.ts';
import { SenderStatistics } from './sender-statistics.ts';

const BLOCK: ReportBlock = {
  ssrc: 1,
  fractionLost: 64,
  cumulativeLost: 12,
  highestSequence: 0,
  jitter: 0,
  lastSenderReport: 0,
  delaySinceLastSenderReport: 0,
};

describe('SenderStatistics', () => {
  it('counts packets and bytes of payload', () => {
    const statistics = new SenderStatistics();
    statistics.sent(1000);
    statistics.sent(0);
    expect(statistics).toMatchObject({ packetCount: 2, octetCount: 1000 });
  });

  it('tells the round trip from a report block, less the time the receiver held it', () => {
    const statistics = new SenderStatistics();
    const receiver = new ReceptionStatistics(90_000);
    const ntpMs = ntpNow(1_700_000_000_123.456);
    statistics.reportSent(ntpMs, 5_000);
    const { ntpHi, ntpLo } = ntpFromMs(ntpMs);
    // The receiver's clock has another origin; 30 ms there, 750 ms held, 50 ms back.
    receiver.senderReport(ntpHi, ntpLo, 900_000);
    statistics.reportBlock(receiver.reportBlock(1, 900_750), 5_830);
    expect(statistics.roundTripMs).toBeCloseTo(80, 1);
  });

  it('understands an answer to an earlier report, and measures nothing from a made-up one', () => {
    const statistics = new SenderStatistics();
    const first = ntpFromMs(ntpNow(1_000));
    statistics.reportSent(ntpNow(1_000), 0);
    statistics.reportSent(ntpNow(2_000), 1_000);
    statistics.reportBlock({ ...BLOCK, lastSenderReport: 0x1234 }, 1_100);
    expect(statistics.roundTripMs).toBeUndefined();
    statistics.reportBlock({ ...BLOCK, lastSenderReport: middle32(first.ntpHi, first.ntpLo) }, 1_100);
    expect(statistics.roundTripMs).toBe(1_100);
    statistics.reportBlock({ ...BLOCK, lastSenderReport: 0 }, 9_000);
    expect(statistics.roundTripMs).toBe(1_100);
  });

  it('measures no time below zero when the receiver claims to have held it for too long', () => {
    const statistics = new SenderStatistics();
    const { ntpHi, ntpLo } = ntpFromMs(5_000);
    statistics.reportSent(5_000, 0);
    statistics.reportBlock(
      { ...BLOCK, lastSenderReport: middle32(ntpHi, ntpLo), delaySinceLastSenderReport: 0xffffffff },
      10,
    );
    expect(statistics.roundTripMs).toBe(0);
  });

  it('repeats what the receiver says of losses', () => {
    const statistics = new SenderStatistics();
    expect(statistics.fractionLost).toBeUndefined();
    statistics.reportBlock(BLOCK, 0);
    expect(statistics).toMatchObject({ fractionLost: 0.25, packetsLost: 12 });
  });
});

describe('NTP timestamps', () => {
  it('begin in 1900', () => {
    expect(ntpFromMs(ntpNow(0))).toEqual({ ntpHi: 2_208_988_800, ntpLo: 0 });
  });

  it('come back to well below a millisecond', () => {
    for (const wallClockMs of [1_700_000_000_000, 1_700_000_000_999.75, 1_999_999_999_999.5]) {
      const { ntpHi, ntpLo } = ntpFromMs(ntpNow(wallClockMs));
      expect(ntpToMs(ntpHi, ntpLo)).toBeCloseTo(ntpNow(wallClockMs), 2);
    }
  });

  it('wrap in 2036', () => {
    expect(ntpFromMs(2 ** 32 * 1000 + 1500)).toEqual({ ntpHi: 1, ntpLo: 0x80000000 });
  });
});
