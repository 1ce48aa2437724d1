import { describe, expect, it } from 'vitest';
import { ReceptionStatistics } from './reception-statistics.ts';

const SSRC = 0xfffffff1;

describe.each([0, 65534, 65535])('ReceptionStatistics starting at %i', (start) => {
  /** Statistics of packets at these distances from `start`, one each 10 ms, with timestamps to match. */
  function of(...steps: number[]): ReceptionStatistics {
    const statistics = new ReceptionStatistics(90_000);
    for (const step of steps) statistics.received(start + step, (step * 900) >>> 0, 100, step * 10);
    return statistics;
  }

  it('counts no loss, no jitter and the wrap-around when all is well', () => {
    const statistics = of(0, 1, 2, 3, 4);
    expect(statistics.reportBlock(SSRC, 40)).toEqual({
      ssrc: SSRC,
      fractionLost: 0,
      cumulativeLost: 0,
      highestSequence: start + 4,
      jitter: 0,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    });
    expect(statistics.packetsReceived).toBe(5);
    expect(statistics.bytesReceived).toBe(500);
  });

  it('reports losses in 1/256 of each interval, and all of them in sum', () => {
    const statistics = of(0, 1, 2, 3);
    statistics.reportBlock(SSRC, 0);
    statistics.received(start + 5, 0, 100, 0);
    statistics.received(start + 7, 0, 100, 0);
    expect(statistics.reportBlock(SSRC, 0)).toMatchObject({ fractionLost: 128, cumulativeLost: 2 });
    expect(statistics.lastFractionLost).toBe(0.5);
    statistics.received(start + 8, 0, 100, 0);
    expect(statistics.reportBlock(SSRC, 0)).toMatchObject({ fractionLost: 0, cumulativeLost: 2 });
    expect(statistics.packetsLost).toBe(2);
  });

  it('takes a reordered packet for received', () => {
    const statistics = of(0, 2, 3, 1);
    expect(statistics.packetsLost).toBe(0);
    expect(statistics.reportBlock(SSRC, 0)).toMatchObject({ fractionLost: 0, highestSequence: start + 3 });
  });

  it('lets duplicates outnumber losses without a negative fraction', () => {
    const statistics = of(0, 1, 1, 1);
    expect(statistics.reportBlock(SSRC, 0)).toMatchObject({ fractionLost: 0, cumulativeLost: -2 });
  });

  it('does not count a single stray packet as thousands of losses', () => {
    const statistics = of(0, 1);
    statistics.received(start + 20_000, 0, 100, 0);
    statistics.received(start + 2, 0, 100, 0);
    statistics.received(start + 20_001, 0, 100, 0);
    statistics.received(start - 5_000, 0, 100, 0);
    expect(statistics.reportBlock(SSRC, 0)).toMatchObject({ cumulativeLost: 0, highestSequence: start + 2 });
    expect(statistics.packetsReceived).toBe(6);
  });

  it('starts over when two packets in a row agree on a far jump', () => {
    const statistics = of(0, 1, 3);
    for (const step of [20_000, 20_001, 20_003]) statistics.received(start + step, 0, 100, 0);
    expect(statistics.packetsLost).toBe(1);
    expect(statistics.reportBlock(SSRC, 0)).toMatchObject({
      highestSequence: start + 20_003,
      fractionLost: 85,
    });
  });

  it('has nothing to report in an interval without packets', () => {
    const statistics = of(0, 2);
    statistics.reportBlock(SSRC, 0);
    expect(statistics.reportBlock(SSRC, 1000)).toMatchObject({ fractionLost: 0, cumulativeLost: 1 });
  });
});

describe('ReceptionStatistics', () => {
  it('says how long ago the last sender report came, in 1/65536 s', () => {
    const statistics = new ReceptionStatistics(48_000);
    statistics.senderReport(0x12345678, 0x9abcdef0, 1000);
    expect(statistics.reportBlock(SSRC, 3500)).toMatchObject({
      lastSenderReport: 0x56789abc,
      delaySinceLastSenderReport: 2.5 * 65_536,
    });
  });

  it('smooths the jitter by a sixteenth, across the wrap-around of the timestamp', () => {
    const statistics = new ReceptionStatistics(48_000);
    statistics.received(1, 2 ** 32 - 480, 100, 0);
    statistics.received(2, 480, 100, 20);
    expect(statistics.jitterMs).toBe(0);
    statistics.received(3, 1440, 100, 56);
    expect(statistics.jitterMs).toBeCloseTo(1);
    expect(statistics.reportBlock(SSRC, 56).jitter).toBe(48);
    statistics.received(4, 2400, 100, 76);
    expect(statistics.jitterMs).toBeCloseTo(15 / 16);
  });

  it('settles at the mean deviation of an unsteady path', () => {
    const statistics = new ReceptionStatistics(90_000);
    for (let packet = 0; packet < 1_000; packet++) {
      statistics.received(packet, packet * 900, 100, packet * 10 + (packet % 2) * 4);
    }
    expect(statistics.jitterMs).toBeCloseTo(4);
  });

  it('reports nothing at all before the first packet', () => {
    const statistics = new ReceptionStatistics(90_000);
    expect(statistics.reportBlock(SSRC, 0)).toMatchObject({
      fractionLost: 0,
      cumulativeLost: 0,
      highestSequence: 0,
    });
  });
});
