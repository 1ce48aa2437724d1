// Arithmetic on the counters of RTP that wrap around: 16-bit sequence numbers and 32-bit timestamps.
// Nothing here judges whether a jump is plausible; who counts losses or keeps packets does.

const SEQUENCE_SPACE_SHIFT = 16;

/**
 * How far it is from one 16-bit sequence number to another, the shorter way round: -32768 to 32767.
 * Positive: `to` comes after `from`. Exactly half the circle counts as backwards.
 */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << SEQUENCE_SPACE_SHIFT) >> SEQUENCE_SPACE_SHIFT;
}

/** Whether the 16-bit sequence number `a` comes after `b` (RFC 1982). Equal numbers: no. */
export function isNewerSequence(a: number, b: number): boolean {
  return sequenceDistance(b, a) > 0;
}

/**
 * Counts 16-bit sequence numbers on beyond their wrap-around. The first one keeps its plain number; whatever comes from
 * before it goes down from there, so below zero when the wrap lies between (0, then 65535, gives 0, then -1). The low
 * 16 bits (`& 0xffff`) of every result, negative or not, are the number that went in.
 * Each number is placed next to the newest one so far: right for up to 32767 behind or ahead.
 */
export class SequenceUnwrapper {
  #newest: number | undefined;

  unwrap(sequence: number): number {
    if (this.#newest === undefined) {
      this.#newest = sequence;
      return sequence;
    }
    const extended = this.#newest + sequenceDistance(this.#newest, sequence);
    if (extended > this.#newest) this.#newest = extended;
    return extended;
  }
}

/** The same for 32-bit RTP timestamps: the first is kept, earlier ones may fall below zero. */
export class TimestampUnwrapper {
  #newest: number | undefined;

  unwrap(timestamp: number): number {
    if (this.#newest === undefined) {
      this.#newest = timestamp;
      return timestamp;
    }
    const extended = this.#newest + ((timestamp - this.#newest) | 0);
    if (extended > this.#newest) this.#newest = extended;
    return extended;
  }
}
