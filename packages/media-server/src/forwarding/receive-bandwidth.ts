// How much a sender may send, told by REMB: for senders that have no transport-wide feedback to find it out themselves.
// Loss-based, after draft-ietf-rmcat-gcc-02, section 6.

/** In bits per second: enough to begin with a clear picture, and never so little that nothing is recognised. */
const START_BITRATE = 1_000_000;
const MIN_BITRATE = 100_000;
const MAX_BITRATE = 8_000_000;

/** Share of the packets: below 2 % lost there is room for more, above 10 % there is too much. */
const LOW_LOSS = 0.02;
const HIGH_LOSS = 0.1;
const INCREASE = 1.08;

export class ReceiveBandwidth {
  #bitrate: number | undefined;

  /** In bits per second; undefined before the first call of `next`. */
  get bitrate(): number | undefined {
    return this.#bitrate;
  }

  /**
   * The bitrate to ask for now; to be called once per report interval.
   * `fractionLost`: 0 to 1. `limit`: bits per second, 0 for none. `limitOnly`: the sender estimates by itself.
   */
  next(fractionLost: number, limit: number, limitOnly: boolean): number {
    const ceiling = limit > 0 ? limit : MAX_BITRATE;
    const before = this.#bitrate ?? START_BITRATE;
    let bitrate = before;
    if (limitOnly) bitrate = ceiling;
    else if (fractionLost < LOW_LOSS) bitrate = before * INCREASE;
    else if (fractionLost > HIGH_LOSS) bitrate = before * (1 - fractionLost / 2);
    this.#bitrate = Math.round(Math.min(ceiling, Math.max(MIN_BITRATE, bitrate)));
    return this.#bitrate;
  }
}
