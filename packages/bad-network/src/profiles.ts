// Networks by name. The numbers are round ones near what people measure; take them as fixed points, not as truth.
import type { LinkProfile } from './link-profile.ts';

/** Both directions, seen from the client: up is towards the target. */
export interface NetworkProfile {
  readonly up: LinkProfile;
  readonly down: LinkProfile;
}

const MBPS = 1_000_000;

export const PROFILES = {
  /** Nothing is done to the packets. */
  perfect: both({}),
  /** Fibre or cable at home, wired. */
  good: {
    up: { delayMs: 10, jitterMs: 1, rateBps: 40 * MBPS },
    down: { delayMs: 10, jitterMs: 1, rateBps: 100 * MBPS },
  },
  /** Two rooms from the router. */
  wifi: both({
    delayMs: 15,
    jitterMs: 12,
    lossPercent: 0.5,
    burst: { enterPercent: 0.1, leavePercent: 30 },
    rateBps: 20 * MBPS,
  }),
  /** Old copper: the narrow way up and its deep buffer are what hurts. */
  dsl: {
    up: { delayMs: 20, jitterMs: 3, rateBps: 1 * MBPS, queueBytes: 131_072 },
    down: { delayMs: 20, jitterMs: 3, rateBps: 10 * MBPS },
  },
  '4g': {
    up: { delayMs: 35, jitterMs: 15, lossPercent: 0.3, rateBps: 8 * MBPS },
    down: { delayMs: 35, jitterMs: 15, lossPercent: 0.3, rateBps: 20 * MBPS },
  },
  '3g': {
    up: { delayMs: 100, jitterMs: 40, lossPercent: 1, rateBps: 0.5 * MBPS },
    down: { delayMs: 100, jitterMs: 40, lossPercent: 1, rateBps: 1.5 * MBPS },
  },
  /** Geostationary: far, steady, now and then a shower. */
  satellite: {
    up: { delayMs: 300, jitterMs: 10, burst: { enterPercent: 0.05, leavePercent: 10 }, rateBps: 2 * MBPS },
    down: { delayMs: 300, jitterMs: 10, burst: { enterPercent: 0.05, leavePercent: 10 }, rateBps: 10 * MBPS },
  },
  'lossy-1': both({ lossPercent: 1, delayMs: 20 }),
  'lossy-5': both({ lossPercent: 5, delayMs: 20 }),
  'lossy-20': both({ lossPercent: 20, delayMs: 20 }),
  /** About 5 % loss, ten packets at a time. */
  bursty: both({ delayMs: 20, burst: { enterPercent: 0.5, leavePercent: 10 } }),
  /** Load balancing over unequal ways. */
  reordering: both({
    delayMs: 30,
    jitterMs: 20,
    jitterReorders: true,
    reorderPercent: 2,
    duplicatePercent: 1,
  }),
  /** Too narrow for video; the queue fills, delay rises, then packets fall. */
  narrow: both({ delayMs: 20, rateBps: 0.3 * MBPS, queueBytes: 32_768 }),
  /** Two seconds of nothing every twenty. */
  lift: both({ delayMs: 30, jitterMs: 10, outages: [{ fromMs: 10_000, forMs: 2_000, everyMs: 20_000 }] }),
  /** The network comes up three seconds after the program believes so. */
  'late-start': both({ delayMs: 10, dropFirstMs: 3_000 }),
  dead: both({ lossPercent: 100 }),
} as const satisfies Record<string, NetworkProfile>;

export type ProfileName = keyof typeof PROFILES;

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(PROFILES, name);
}

function both(profile: LinkProfile): NetworkProfile {
  return { up: profile, down: profile };
}
