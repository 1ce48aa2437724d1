import { describe, expect, it } from 'vitest';
import { countsOf, LegEvidence, type LegCounts } from './leg-evidence.ts';

/** Packets and decoded of sound, then of picture. */
const counts = (audio: [number, number], video: [number, number]): LegCounts => ({
  audio: { packets: audio[0], decoded: audio[1] },
  video: { packets: video[0], decoded: video[1] },
});

const evidence = (kinds: { audio?: boolean; video?: boolean } = {}) =>
  new LegEvidence({ audio: true, video: true, since: 1_000, ...kinds });

const CONFIRMED = { state: 'confirmed', step: 'confirmed', cause: null };

describe('a leg that comes up', () => {
  it('is confirmed when every kind was decoded, not when packets of it came', () => {
    const leg = evidence();
    expect(leg.observe(counts([0, 0], [0, 0]), 1_500, true).step).toBe('dtls-connected');
    expect(leg.observe(counts([9, 960], [0, 0]), 2_000, true).step).toBe('dtls-connected');
    expect(leg.observe(counts([50, 9_600], [7, 0]), 2_500, true)).toEqual({
      state: 'establishing',
      step: 'media-arriving',
      cause: null,
    });
    expect(leg.observe(counts([90, 19_200], [20, 1]), 3_000, true)).toEqual(CONFIRMED);
  });

  it('does not wait for a kind that the stream has not', () => {
    expect(evidence({ video: false }).observe(counts([9, 960], [0, 0]), 1_500, true)).toEqual(CONFIRMED);
    expect(evidence({ audio: false }).observe(counts([0, 0], [9, 2]), 1_500, true)).toEqual(CONFIRMED);
  });

  it('tells a picture that never came from one that cannot be decoded, and gives up in the end', () => {
    const [blocked, undecodable] = [evidence(), evidence()];
    for (let now = 1_500; now < 6_000; now += 500) {
      expect(blocked.observe(counts([now, now], [0, 0]), now, true).cause).toBeNull();
      undecodable.observe(counts([now, now], [now, 0]), now, true);
    }
    expect(blocked.observe(counts([6_000, 6_000], [0, 0]), 6_000, true)).toEqual({
      state: 'repairing',
      step: 'dtls-connected',
      cause: 'nothing-arrives',
    });
    expect(undecodable.observe(counts([6_000, 6_000], [6_000, 0]), 6_000, true)).toEqual({
      state: 'repairing',
      step: 'media-arriving',
      cause: 'viewer-cannot-decode',
    });
    expect(blocked.observe(counts([9_000, 9_000], [0, 0]), 16_000, true).state).toBe('failed');
    expect(blocked.observe(counts([9_100, 9_100], [9, 1]), 17_000, true)).toEqual(CONFIRMED);
  });

  it('behind another window is blamed for what does not arrive, not for what is not decoded', () => {
    const [hidden, blocked] = [evidence(), evidence()];
    for (let now = 1_500; now < 9_000; now += 500) {
      expect(hidden.observe(counts([now, now], [now, 0]), now, false).cause).toBeNull();
      blocked.observe(counts([now, now], [0, 0]), now, false);
    }
    expect(blocked.observe(counts([9_000, 9_000], [0, 0]), 9_000, false).cause).toBe('nothing-arrives');
  });
});

describe('a leg that was confirmed', () => {
  const confirmed = () => {
    const leg = evidence();
    leg.observe(counts([9, 960], [9, 5]), 2_000, true);
    return leg;
  };

  it('is being repaired when the picture has stood still for 5 s, until it moves', () => {
    const leg = confirmed();
    expect(leg.observe(counts([200, 9_600], [9, 5]), 6_999, true)).toEqual(CONFIRMED);
    expect(leg.observe(counts([210, 9_900], [9, 5]), 7_000, true).cause).toBe('nothing-arrives');
    expect(leg.observe(counts([220, 10_900], [40, 5]), 7_500, true).cause).toBe('viewer-cannot-decode');
    expect(leg.observe(counts([230, 11_900], [60, 6]), 8_000, true)).toEqual(CONFIRMED);
  });

  it('is not blamed for pictures that nobody looks at, and has its 5 s when the page is seen again', () => {
    const leg = confirmed();
    expect(leg.observe(counts([900, 9_600], [9, 5]), 60_000, false)).toEqual(CONFIRMED);
    expect(leg.observe(counts([910, 9_900], [9, 5]), 64_999, true)).toEqual(CONFIRMED);
    expect(leg.observe(counts([920, 9_900], [9, 5]), 65_000, true).state).toBe('repairing');
  });

  it('may be silent: only a picture has to go on', () => {
    const leg = confirmed();
    for (let now = 2_000; now < 30_000; now += 2_000)
      expect(leg.observe(counts([9, 960], [now, now]), now, true)).toEqual(CONFIRMED);
    expect(leg.silentFor(30_000)).toBe(2_000);
  });
});

it('reads the counts of what arrives, without samples that were made up to hide a loss', () => {
  const report = [
    { type: 'inbound-rtp', kind: 'video', packetsReceived: 30, framesDecoded: 4 },
    {
      type: 'inbound-rtp',
      kind: 'audio',
      packetsReceived: 0,
      totalSamplesReceived: 960,
      concealedSamples: 960,
    },
    { type: 'outbound-rtp', kind: 'audio', packetsReceived: 7 },
  ];
  expect(countsOf(report)).toEqual(counts([0, 0], [30, 4]));
  const emitted = { type: 'inbound-rtp', kind: 'audio', packetsReceived: 5, jitterBufferEmittedCount: 4_800 };
  expect(countsOf([{ ...emitted, totalSamplesReceived: 9_600 }])).toEqual(counts([5, 4_800], [0, 0]));
});
