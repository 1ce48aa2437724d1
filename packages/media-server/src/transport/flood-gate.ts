// How much one peer may send: what is above is dropped before it costs a decryption, and is counted. Only what has proved
// to be the peer's is counted against it, so that nobody who forges its address can silence it. Asks nobody for the time.

/**
 * In bit/s, headers and protection included. Five times what a browser gives at its best (1080p60), twice an encoder at
 * 25 Mbit/s. Why so: docs/decisions/0028-floods-are-dropped-at-the-door.md
 */
export const DEFAULT_MAX_RECEIVE_BITRATE = 50_000_000;

/** What comes late comes at once: key frames of a megabyte, or all that waited while a network stood still. In ms. */
const BURST_MS = 1_000;

/** Short packets cost this server as much as long ones, so each counts as at least so many bytes. */
const LEAST_COST = { rtp: 1_000, rtcp: 250 } as const;

/** RFC 3550, section 6.2: RTCP takes a twentieth of the session's bandwidth. */
const RTCP_SHARE = 1 / 20;

/** How often at most a flood is told, in ms. */
const TELL_INTERVAL_MS = 60_000;

export type FloodedKind = keyof typeof LEAST_COST;

export interface Flood {
  /** Packets dropped so far, of both kinds. */
  readonly dropped: number;
  /** What was not exceeded by what came through, in bit/s. */
  readonly maxBitrate: number;
}

export class FloodGate {
  readonly #maxBitrate: number;
  readonly #onFlood: (flood: Flood) => void;
  readonly #rtp: Allowance;
  readonly #rtcp: Allowance;
  #dropped = 0;
  #nextTelling = -Infinity;

  /** `onFlood` is told of the first packet that is dropped, and once a minute while it goes on. */
  constructor(maxBitrate: number, onFlood: (flood: Flood) => void) {
    this.#maxBitrate = maxBitrate;
    this.#onFlood = onFlood;
    this.#rtp = new Allowance(maxBitrate, LEAST_COST.rtp);
    this.#rtcp = new Allowance(maxBitrate * RTCP_SHARE, LEAST_COST.rtcp);
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Whether the packet that has come is to be dropped, unseen; it is counted then. `now` in ms. */
  isShut(kind: FloodedKind, now: number): boolean {
    if (!(kind === 'rtp' ? this.#rtp : this.#rtcp).isSpent(now)) return false;
    this.#dropped++;
    if (now >= this.#nextTelling) {
      this.#nextTelling = now + TELL_INTERVAL_MS;
      this.#onFlood({ dropped: this.#dropped, maxBitrate: this.#maxBitrate });
    }
    return true;
  }

  /** A packet of so many bytes was the peer's. */
  passed(kind: FloodedKind, bytes: number, now: number): void {
    (kind === 'rtp' ? this.#rtp : this.#rtcp).take(bytes, now);
  }
}

/** A token bucket, kept as the moment up to which what was taken is paid for. */
class Allowance {
  readonly #bytesPerMs: number;
  readonly #leastCost: number;
  #paidUntil = 0;

  constructor(bitrate: number, leastCost: number) {
    this.#bytesPerMs = bitrate / 8_000;
    this.#leastCost = leastCost;
  }

  isSpent(now: number): boolean {
    return this.#paidUntil > now + BURST_MS;
  }

  take(bytes: number, now: number): void {
    const cost = bytes < this.#leastCost ? this.#leastCost : bytes;
    this.#paidUntil = (this.#paidUntil > now ? this.#paidUntil : now) + cost / this.#bytesPerMs;
  }
}
