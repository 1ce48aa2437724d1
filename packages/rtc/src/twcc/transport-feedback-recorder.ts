// Remembers when the packets of one connection came in and puts that into transport-wide feedback for their sender
// (draft-holmer-rmcat-transport-wide-cc-extensions-01). It sends nothing, and estimates nothing.
import { SequenceUnwrapper } from '../rtp/sequence.ts';
import {
  MAX_DELTA_TICKS,
  MAX_FEEDBACK_PACKETS,
  MIN_DELTA_TICKS,
  REFERENCE_TIME_MS,
  TICKS_PER_MS,
  writeTransportFeedback,
} from '../rtcp/transport-feedback.ts';

export interface TransportFeedbackRecorderOptions {
  /** The SSRC that our RTCP on this connection comes from. */
  readonly senderSsrc: number;
}

/** With the media server's tick of 20 ms, feedback goes out every 60 ms: within the 50 to 100 ms that senders expect. */
const INTERVAL_MS = 50;

/** At so many packets, waiting would make the feedback large and the sender's view of a burst old. */
const MANY_PACKETS = 100;

/** Two bytes of delta each, so that a message stays below 1,200 bytes with its chunks. */
const MAX_RECEIVED_PER_FEEDBACK = 400;

/** How far behind the reported ones a packet may come and still be told of, in packets. */
const MAX_REORDERING = 1_000;

/** A power of two above the span of one message: what is older than that is not told of. */
const RING_SIZE = 8_192;
const RING_MASK = RING_SIZE - 1;

const REFERENCE_TIME_TICKS = REFERENCE_TIME_MS * TICKS_PER_MS;

/** All times: ms of the monotonic clock. */
export class TransportFeedbackRecorder {
  readonly #senderSsrc: number;
  readonly #unwrapper = new SequenceUnwrapper();
  /** For each slot, the sequence number that arrived, and when, in 1/4 ms. */
  readonly #sequences = new Float64Array(RING_SIZE).fill(NaN);
  readonly #arrivalTicks = new Float64Array(RING_SIZE);
  /** The first sequence number that the next message tells of; undefined before the first packet. */
  #next: number | undefined;
  #newest = 0;
  #mediaSsrc = 0;
  #feedbackCount = 0;
  /** How many received packets have not been told of yet. */
  #waiting = 0;
  #dueAt = Infinity;

  constructor(options: TransportFeedbackRecorderOptions) {
    this.#senderSsrc = options.senderSsrc;
  }

  /**
   * A packet with this transport-wide sequence number (16 bits) came in. Duplicates do not count. A jump of more
   * packets than a message can tell of starts the recording afresh, without a word about what came before.
   */
  received(sequence16: number, mediaSsrc: number, now: number): void {
    const sequence = this.#unwrapper.unwrap(sequence16);
    this.#mediaSsrc = mediaSsrc;
    if (this.#next === undefined) {
      this.#next = sequence;
      this.#newest = sequence;
    }
    const slot = sequence & RING_MASK;
    if (this.#sequences[slot] === sequence || this.#isTooLate(sequence, this.#next)) return;
    if (sequence - this.#next >= MAX_FEEDBACK_PACKETS) {
      this.#next = sequence;
      this.#waiting = 0;
    }
    this.#sequences[slot] = sequence;
    this.#arrivalTicks[slot] = Math.round(now * TICKS_PER_MS);
    if (sequence > this.#newest) this.#newest = sequence;
    if (sequence < this.#next) this.#tellAgainFrom(sequence);
    else this.#waiting += 1;
    if (this.#dueAt === Infinity) this.#dueAt = now + INTERVAL_MS;
  }

  /**
   * The next message, when one is due: 50 ms after the first packet that it tells of, or at 100 packets. To be called
   * periodically, and again until it gives undefined, since what there is to tell may need several messages.
   */
  due(now: number): Buffer | undefined {
    if (this.#next === undefined || this.#waiting === 0) return undefined;
    if (now < this.#dueAt && this.#waiting < MANY_PACKETS) return undefined;
    return this.#build(this.#next);
  }

  /** What is to be told of always spans less than the ring, so that no slot in it is ever shared. */
  #isTooLate(sequence: number, next: number): boolean {
    return sequence < next - MAX_REORDERING || sequence <= this.#newest - MAX_FEEDBACK_PACKETS;
  }

  /** An overtaken packet was told of as lost. The message that corrects this repeats what followed it. */
  #tellAgainFrom(sequence: number): void {
    this.#next = sequence;
    this.#waiting = 0;
    for (let at = sequence; at <= this.#newest; at++) {
      if (this.#sequences[at & RING_MASK] === at) this.#waiting += 1;
    }
  }

  #build(baseSequence: number): Buffer {
    const deltas: (number | undefined)[] = [];
    let referenceTime = 0;
    let previousTicks = 0;
    let received = 0;
    let next = baseSequence;
    for (let at = baseSequence; at <= this.#newest; at++) {
      const slot = at & RING_MASK;
      if (this.#sequences[slot] !== at) continue;
      const ticks = this.#arrivalTicks[slot];
      if (received === 0) {
        referenceTime = Math.floor(ticks / REFERENCE_TIME_TICKS);
        previousTicks = referenceTime * REFERENCE_TIME_TICKS;
      }
      const delta = ticks - previousTicks;
      if (delta < MIN_DELTA_TICKS || delta > MAX_DELTA_TICKS || received === MAX_RECEIVED_PER_FEEDBACK) break;
      while (deltas.length < at - baseSequence) deltas.push(undefined);
      deltas.push(delta);
      previousTicks = ticks;
      received += 1;
      next = at + 1;
    }
    this.#next = next;
    this.#waiting -= received;
    if (this.#waiting === 0) this.#dueAt = Infinity;
    const message = writeTransportFeedback({
      senderSsrc: this.#senderSsrc,
      mediaSsrc: this.#mediaSsrc,
      baseSequence,
      referenceTime,
      feedbackCount: this.#feedbackCount,
      receivedDeltaTicks: deltas,
    });
    this.#feedbackCount = (this.#feedbackCount + 1) & 0xff;
    return message;
  }
}
