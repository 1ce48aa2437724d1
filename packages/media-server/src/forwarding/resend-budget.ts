// How much of what a receiver asks for again it gets: as much as it was sent meanwhile. Without a bound a few small NACKs
// would call up many times what flows to it.

/**
 * What may be asked for at once, in bytes: all that is kept of a video (`HISTORY_LENGTH` of up-track.ts), as after a
 * second without a network.
 */
const BURST_BYTES = 1_500_000;

export class ResendBudget {
  #credit = BURST_BYTES;
  #sentBefore = 0;

  /**
   * Whether `bytes` may be sent again; if so, they are taken off. `sent`: all bytes of media that were sent so far, each of
   * which is good for one that is sent again: enough for a loss of half of all packets.
   */
  take(bytes: number, sent: number): boolean {
    this.#credit = Math.min(BURST_BYTES, this.#credit + sent - this.#sentBefore);
    this.#sentBefore = sent;
    if (this.#credit < bytes) return false;
    this.#credit -= bytes;
    return true;
  }
}
