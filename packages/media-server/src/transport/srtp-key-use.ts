// How much one SRTP master key is used: it must be replaced before its packet numbers run out (RFC 3711, section 9.2).

/** In packets. */
export interface SrtpKeyLimits {
  readonly rtp: number;
  readonly rtcp: number;
}

/** The numbers that there are: 48 bits for RTP, 31 for RTCP. */
export const SRTP_KEY_LIMITS: SrtpKeyLimits = { rtp: 2 ** 48, rtcp: 2 ** 31 };

/** So many packets before the end it is time to think of a new key: minutes of video, a day of reports. */
export const SOFT_MARGIN = 2 ** 16;

export class SrtpKeyUse {
  readonly #left: { rtp: number; rtcp: number };
  readonly #nearlyUsedUp: () => void;

  constructor(limits: SrtpKeyLimits, nearlyUsedUp: () => void) {
    this.#left = { rtp: limits.rtp, rtcp: limits.rtcp };
    this.#nearlyUsedUp = nearlyUsedUp;
  }

  /** Whether one more packet may be protected, or was rightly. Tells once per kind when the end is near. */
  take(kind: 'rtp' | 'rtcp'): boolean {
    if (this.#left[kind] === 0) return false;
    if (this.#left[kind]-- === SOFT_MARGIN) this.#nearlyUsedUp();
    return true;
  }
}
