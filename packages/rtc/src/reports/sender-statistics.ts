// What sender reports say about one outgoing stream, and what the receiver's report blocks say back about it
// (RFC 3550, section 6.4.1).
import type { ReportBlock } from '../rtcp/report-block.ts';
import { middle32, ntpFromMs } from './ntp.ts';

/** A receiver answers one of the last reports; with one a second, this covers round trips of several seconds. */
const REMEMBERED_REPORTS = 8;

/** Report blocks count time in 1/65536 s. */
const DELAY_UNITS_PER_MS = 65.536;

/** `now`: ms of the monotonic clock. */
export class SenderStatistics {
  #packetCount = 0;
  #octetCount = 0;
  #roundTripMs: number | undefined;
  #fractionLost: number | undefined;
  #packetsLost = 0;
  #jitter: number | undefined;
  readonly #reports: { ntpMiddle: number; sentAt: number }[] = [];

  /** A packet was sent; `size`: bytes of its payload, without header and padding. */
  sent(size: number): void {
    this.#packetCount += 1;
    this.#octetCount += size;
  }

  /**
   * A sender report goes out that says `ntpMs` (ms since 1900, whoever's clock it is); remembered, so that the round
   * trip can be told from the answer by our own clock alone.
   */
  reportSent(ntpMs: number, now: number): void {
    const { ntpHi, ntpLo } = ntpFromMs(ntpMs);
    if (this.#reports.length === REMEMBERED_REPORTS) this.#reports.shift();
    this.#reports.push({ ntpMiddle: middle32(ntpHi, ntpLo), sentAt: now });
  }

  /** The receiver reported on this stream. A block that answers none of the last reports measures no round trip. */
  reportBlock(block: ReportBlock, now: number): void {
    this.#fractionLost = block.fractionLost / 256;
    this.#packetsLost = block.cumulativeLost;
    this.#jitter = block.jitter;
    const report = this.#reports.find(({ ntpMiddle }) => ntpMiddle === block.lastSenderReport);
    if (report === undefined) return;
    const heldMs = block.delaySinceLastSenderReport / DELAY_UNITS_PER_MS;
    this.#roundTripMs = Math.max(0, now - report.sentAt - heldMs);
  }

  get packetCount(): number {
    return this.#packetCount;
  }

  /** Bytes of payload. */
  get octetCount(): number {
    return this.#octetCount;
  }

  /** The last measurement; undefined before the first. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** 0 to 1, as the receiver last reported; undefined before that. */
  get fractionLost(): number | undefined {
    return this.#fractionLost;
  }

  /** As the receiver last reported. */
  get packetsLost(): number {
    return this.#packetsLost;
  }

  /** In ticks of the RTP clock, as the receiver last reported; undefined before that. */
  get jitter(): number | undefined {
    return this.#jitter;
  }
}
