// How much a sender may send, told by REMB: for senders that have no transport-wide feedback to find it out themselves.
// Loss-based, after draft-ietf-rmcat-gcc-02, section 6.
import { RembGrowth, type RembParameters } from './remb-growth.ts';
import { LEAST_BITRATE } from './video-bounds.ts';

/** In bits per second: enough to begin with a clear picture, and no more than one sender needs. */
export const START_BITRATE = 1_000_000;
const MAX_BITRATE = 8_000_000;

/** For a sender that estimates by itself and had a bound, which is no more: says as much, in bits per second. */
const NO_BOUND = 1_000_000_000;

/** Share of the packets: below 2 % lost there is room for more, above 10 % there is too much. */
const LOW_LOSS = 0.02;
export const HIGH_LOSS = 0.1;
const INCREASE = 1.08;

export interface BandwidthReport {
  /** 0 to 1. */
  readonly fractionLost: number;
  /** In bits per second; gives way to the ceiling. */
  readonly floor: number;
  /** In bits per second, 0 for none. */
  readonly ceiling: number;
  /** The sender estimates by itself: it is told of the ceiling only. */
  readonly limitOnly: boolean;
  /** How to grow and shrink; undefined: as the draft does. */
  readonly growth: RembParameters | undefined;
}

export class ReceiveBandwidth {
  readonly #growth = new RembGrowth();
  #bitrate: number | undefined;

  /** In bits per second; undefined before the first call of `next`. */
  get bitrate(): number | undefined {
    return this.#bitrate;
  }

  /** The bitrate to ask for now, in bits per second; to be called once per report interval. */
  next(report: BandwidthReport): number {
    const { ceiling, floor, limitOnly } = report;
    if (limitOnly) return (this.#bitrate = ceiling > 0 ? Math.max(LEAST_BITRATE, ceiling) : NO_BOUND);
    const least = Math.max(LEAST_BITRATE, floor);
    const most = ceiling > 0 ? Math.max(LEAST_BITRATE, ceiling) : Math.max(MAX_BITRATE, least);
    this.#bitrate = Math.round(Math.min(most, Math.max(least, this.#wanted(report))));
    return this.#bitrate;
  }

  #wanted({ fractionLost, growth }: BandwidthReport): number {
    if (this.#bitrate === undefined && growth) return growth.rembOnConnect;
    const before = this.#bitrate ?? START_BITRATE;
    if (growth) return this.#growth.next(before, fractionLost, growth);
    if (fractionLost < LOW_LOSS) return before * INCREASE;
    return fractionLost > HIGH_LOSS ? before * (1 - fractionLost / 2) : before;
  }
}
