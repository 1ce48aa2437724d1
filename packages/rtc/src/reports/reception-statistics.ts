// What receiver reports say about one incoming stream: losses and jitter (RFC 3550, appendices A.1, A.3 and A.8).
import type { ReportBlock } from '../rtcp/report-block.ts';
import { middle32 } from './ntp.ts';

/** Jumps beyond these many packets, ahead or back, are a restart if the next packet agrees (RFC 3550, A.1). */
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 100;

/** Report blocks count time in 1/65536 s. */
const DELAY_UNITS_PER_MS = 65.536;

/** All times: ms of the monotonic clock. */
export class ReceptionStatistics {
  readonly #clockRate: number;
  /** The stream since it began or restarted: first and newest sequence number, packets received, duplicates counted. */
  #first: number | undefined;
  #newest = 0;
  #receivedSinceFirst = 0;
  /** The sequence number that would confirm a restart. */
  #restartsAt: number | undefined;
  #packetsReceived = 0;
  #bytesReceived = 0;
  #previousArrival: number | undefined;
  #previousTimestamp = 0;
  #jitterTicks = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  #fractionLost = 0;
  #lastSenderReport = 0;
  #senderReportAt = 0;

  /** `clockRate`: of the RTP timestamps, in Hz. */
  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /**
   * A packet came in, as the sender first sent it: one recovered by retransmission stays lost here.
   * `extendedSequence`: as `SequenceUnwrapper` gives it. `rtpTimestamp`: 32 bits. `size`: bytes, as the caller counts them.
   */
  received(extendedSequence: number, rtpTimestamp: number, size: number, now: number): void {
    this.#packetsReceived += 1;
    this.#bytesReceived += size;
    if (!this.#count(extendedSequence)) return;
    this.#updateJitter(rtpTimestamp, now);
  }

  /** A sender report of this source came in; `ntpHi`, `ntpLo`: its NTP timestamp. */
  senderReport(ntpHi: number, ntpLo: number, now: number): void {
    this.#lastSenderReport = middle32(ntpHi, ntpLo);
    this.#senderReportAt = now;
  }

  /** The block for the next report. Begins a new interval for the fraction lost: call it once a report. */
  reportBlock(ssrc: number, now: number): ReportBlock {
    const expected = this.#expected;
    const expectedInterval = expected - this.#expectedPrior;
    const lostInterval = expectedInterval - (this.#receivedSinceFirst - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.#receivedSinceFirst;
    this.#fractionLost =
      expectedInterval === 0 || lostInterval <= 0
        ? 0
        : Math.min(255, Math.floor((lostInterval * 256) / expectedInterval));
    const delay = Math.round((now - this.#senderReportAt) * DELAY_UNITS_PER_MS);
    return {
      ssrc,
      fractionLost: this.#fractionLost,
      cumulativeLost: this.packetsLost,
      highestSequence: this.#newest >>> 0,
      jitter: Math.floor(this.#jitterTicks) >>> 0,
      lastSenderReport: this.#lastSenderReport,
      delaySinceLastSenderReport: this.#lastSenderReport === 0 ? 0 : delay >>> 0,
    };
  }

  /** Everything that came, duplicates and stray packets included. */
  get packetsReceived(): number {
    return this.#packetsReceived;
  }

  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** Since the stream began or restarted; below zero when duplicates outnumber losses. */
  get packetsLost(): number {
    return this.#expected - this.#receivedSinceFirst;
  }

  get jitterMs(): number {
    return (this.#jitterTicks / this.#clockRate) * 1000;
  }

  /** 0 to 1, of the interval before the last report block. */
  get lastFractionLost(): number {
    return this.#fractionLost / 256;
  }

  get #expected(): number {
    return this.#first === undefined ? 0 : this.#newest - this.#first + 1;
  }

  /** RFC 3550, A.1. False for a packet so far off that it may be a stray one. */
  #count(sequence: number): boolean {
    if (this.#first === undefined) this.#start(sequence);
    const step = sequence - this.#newest;
    if (step > MAX_DROPOUT || step < -MAX_MISORDER) {
      if (sequence !== this.#restartsAt) {
        this.#restartsAt = sequence + 1;
        return false;
      }
      this.#start(sequence);
    }
    this.#restartsAt = undefined;
    if (sequence > this.#newest) this.#newest = sequence;
    this.#receivedSinceFirst += 1;
    return true;
  }

  #start(sequence: number): void {
    this.#first = sequence;
    this.#newest = sequence;
    this.#receivedSinceFirst = 0;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
    this.#previousArrival = undefined;
  }

  /** RFC 3550, A.8: the mean deviation of the transit time from packet to packet, smoothed by 1/16. */
  #updateJitter(rtpTimestamp: number, now: number): void {
    if (this.#previousArrival !== undefined) {
      const arrivalTicks = ((now - this.#previousArrival) * this.#clockRate) / 1000;
      const sentTicks = (rtpTimestamp - this.#previousTimestamp) | 0;
      this.#jitterTicks += (Math.abs(arrivalTicks - sentTicks) - this.#jitterTicks) / 16;
    }
    this.#previousArrival = now;
    this.#previousTimestamp = rtpTimestamp;
  }
}
