import { describe, expect, it } from 'vitest';
import { ReceiveBandwidth, START_BITRATE, type BandwidthReport } from './receive-bandwidth.ts';
import type { RembParameters } from './remb-growth.ts';

const REPORT: BandwidthReport = {
  fractionLost: 0,
  floor: 100_000,
  ceiling: 0,
  limitOnly: false,
  growth: undefined,
};

/** What is asked for after each of the reports. */
function asked(...reports: Partial<BandwidthReport>[]): number[] {
  const bandwidth = new ReceiveBandwidth();
  return reports.map((report) => bandwidth.next({ ...REPORT, ...report }));
}

const many = (report: Partial<BandwidthReport>) => Array.from({ length: 60 }, () => report);

describe('the bitrate asked of a sender without feedback of its own', () => {
  it('rises while nothing is lost, up to the ceiling', () => {
    const bitrates = asked(...many({ ceiling: 2_000_000 }));
    expect(bitrates[1]).toBeGreaterThan(bitrates[0]);
    expect(bitrates.at(-1)).toBe(2_000_000);
  });

  it('stays at some loss, falls with much, and never below the floor that is named', () => {
    const [before, some, much] = asked({}, { fractionLost: 0.05 }, { fractionLost: 0.5 });
    expect(some).toBe(before);
    expect(much).toBe(Math.round(before * 0.75));
    expect(asked(...many({ fractionLost: 1 })).at(-1)).toBe(100_000);
    expect(asked(...many({ fractionLost: 1, floor: 700_000 })).at(-1)).toBe(700_000);
    expect(asked(...many({ fractionLost: 1, floor: 0 })).at(-1)).toBe(30_000);
  });

  it('keeps to a ceiling below the floor, and to one that comes later', () => {
    expect(asked({ ceiling: 80_000 }, {}, { ceiling: 90_000, floor: 500_000 })).toEqual([
      80_000, 100_000, 90_000,
    ]);
    expect(asked({}, { ceiling: 300_000 })[1]).toBe(300_000);
    expect(asked({ ceiling: 1 })).toEqual([30_000]);
  });

  it('is just the ceiling for a sender that estimates by itself, and no bound when that is gone', () => {
    const limitOnly = true;
    const bitrates = asked({ limitOnly, ceiling: 300_000, fractionLost: 0.5 }, { limitOnly });
    expect(bitrates[0]).toBe(300_000);
    expect(bitrates[1]).toBeGreaterThan(100_000_000);
  });
});

describe('its growth by parameters of the application', () => {
  const growth: RembParameters = {
    exponentialFactor: 0.1,
    linealFactorGrade: 4,
    linealFactorMin: 50,
    decrementFactor: 0.5,
    thresholdFactor: 0.4,
    upLosses: 12,
    rembOnConnect: 300_000,
  };

  it('begins where they say and grows by their factor, twice a second', () => {
    expect(asked({ growth }, { growth })).toEqual([300_000, 363_000]);
    expect(asked({}, { growth })[1]).toBe(Math.round(START_BITRATE * 1.08 * 1.21));
  });

  it('shrinks only when more is lost than they allow, and then grows by steps from the threshold on', () => {
    const most = 12 / 256;
    const bitrates = asked(
      { growth },
      { growth, fractionLost: most },
      { growth, fractionLost: most + 0.001 },
      { growth },
    );
    expect(bitrates.slice(1, 3)).toEqual([363_000, 181_500]);
    // Above the threshold of 145,200 by 36,300: a quarter of that, and then a quarter of what it is then.
    expect(bitrates[3]).toBe(181_500 + 9_075 + Math.round(45_375 / 4));
  });

  it('grows by the least step where it stands at the threshold', () => {
    const level = { ...growth, thresholdFactor: 0.5 };
    expect(asked({ growth: level }, { growth: level, fractionLost: 1 }, { growth: level })[2]).toBe(
      150_000 + 50 + 50,
    );
  });
});
