// How the bitrate that a sender is asked for grows and shrinks, by parameters that an application sets: the rules that Kurento
// documents for its RembParams. What the server does when nobody has set any is in receive-bandwidth.ts.

/** The original looks twice a second, and its parameters are made for that; reports come here once a second. */
const STEPS_PER_REPORT = 2;

/** The denominator of RTCP's fraction lost (RFC 3550, section 6.4.1). */
const FRACTION = 256;

export interface RembParameters {
  /** Below the threshold, each step multiplies by 1 and this. */
  readonly exponentialFactor: number;
  /** Above the threshold, each step adds what is above it, divided by this … */
  readonly linealFactorGrade: number;
  /** … and at least so many bits per second. */
  readonly linealFactorMin: number;
  /** After too much loss, so much of the bitrate is left. */
  readonly decrementFactor: number;
  /** And then the threshold is the former bitrate times this. */
  readonly thresholdFactor: number;
  /** More than this is too much: lost packets of 256. */
  readonly upLosses: number;
  /** What a sender is asked for first, in bits per second. */
  readonly rembOnConnect: number;
}

export class RembGrowth {
  #threshold = Infinity;

  /** The bitrate to ask for after `bitrate`; `fractionLost`: 0 to 1. To be called once per report. */
  next(bitrate: number, fractionLost: number, parameters: RembParameters): number {
    if (fractionLost * FRACTION > parameters.upLosses) {
      this.#threshold = bitrate * parameters.thresholdFactor;
      return bitrate * parameters.decrementFactor;
    }
    let grown = bitrate;
    for (let step = 0; step < STEPS_PER_REPORT; step++) grown = this.#grow(grown, parameters);
    return grown;
  }

  #grow(bitrate: number, parameters: RembParameters): number {
    const { exponentialFactor, linealFactorGrade, linealFactorMin } = parameters;
    if (bitrate < this.#threshold) return bitrate * (1 + exponentialFactor);
    return bitrate + Math.max(linealFactorMin, (bitrate - this.#threshold) / linealFactorGrade);
  }
}
