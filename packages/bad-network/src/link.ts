// One direction of a bad network, without sockets and without a clock: bytes and time in, bytes and a deadline out.
import { checkProfile, outageEnd, type LinkProfile } from './link-profile.ts';

/** A home router's buffer: half a second at 1 Mbit/s. */
export const DEFAULT_QUEUE_BYTES = 65_536;

/** Default of `reorderByMs`: at video's packet spacing of a few ms, several packets overtake. */
const DEFAULT_REORDER_BY_MS = 30;

/** Against a sender without manners and a long delay: what a link holds at most, queue and way together. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** Counts of packets since the link was made. */
export interface LinkStatistics {
  /** Handed to `push`, and their bytes. */
  offered: number;
  offeredBytes: number;
  /** Handed out by `due`, copies included, and their bytes. */
  delivered: number;
  deliveredBytes: number;
  /** Taken by chance, alone or in a burst; late instead of gone with `retransmitAfterMs`. */
  lost: number;
  /** Came during an outage or among the first; late instead of gone with `retransmitAfterMs`. */
  blackedOut: number;
  /** Found the queue full. */
  overflowed: number;
  duplicated: number;
  corrupted: number;
  /** Chosen to be overtaken; what jitter reorders is not counted. */
  reordered: number;
}

interface Travelling {
  readonly bytes: Buffer;
  readonly arrivesAt: number;
}

interface Queued {
  readonly leavesAt: number;
  readonly size: number;
}

/** What chance says about one packet. Always drawn whole, so that one knob does not change what another one hits. */
interface Dice {
  readonly burst: number;
  readonly loss: number;
  readonly corruption: number;
  readonly position: number;
  readonly duplication: number;
  readonly reordering: number;
  readonly jitter: number;
  readonly copyJitter: number;
}

/**
 * A packet meets, in this order: outage, loss, corruption, duplication, the bottleneck with its queue, delay.
 * All times are ms of one monotonic clock and must not run backwards. Throws a RangeError for a senseless profile.
 */
export class Link {
  #profile: LinkProfile;
  readonly #random: () => number;
  readonly #statistics = emptyStatistics();
  /** Sorted by arrival; of equal arrivals the first one in is the first one out. */
  readonly #travelling: Travelling[] = [];
  readonly #queued: Queued[] = [];
  #queuedBytes = 0;
  #heldBytes = 0;
  #firstAt: number | undefined;
  #inBurst = false;
  #lineFreeAt = -Infinity;
  #lastArrival = -Infinity;
  #blackoutUntil = -Infinity;

  constructor(profile: LinkProfile, random: () => number) {
    checkProfile(profile);
    this.#profile = profile;
    this.#random = random;
  }

  /** Takes effect for the packets that come from now on; those on their way keep their time. */
  setProfile(profile: LinkProfile): void {
    checkProfile(profile);
    this.#profile = profile;
  }

  /** Nothing enters before `until`; what is on its way arrives. A longer blackout that runs is not cut short. */
  blackout(until: number): void {
    if (Number.isNaN(until)) throw new RangeError('a blackout needs an end');
    this.#blackoutUntil = Math.max(this.#blackoutUntil, until);
  }

  /** Takes one packet. The caller must not write to `bytes` afterwards. */
  push(bytes: Buffer, now: number): void {
    this.#statistics.offered++;
    this.#statistics.offeredBytes += bytes.length;
    this.#firstAt ??= now;
    const dice = this.#roll();
    const reliable = this.#profile.retransmitAfterMs !== undefined;
    const outageUntil = this.#outageUntil(now);
    const lost = this.#isLost(dice);
    if (outageUntil !== undefined) this.#statistics.blackedOut++;
    else if (lost) this.#statistics.lost++;
    if (!reliable && (outageUntil !== undefined || lost)) return;

    const entersAt = reliable ? (outageUntil ?? now) : now;
    const late = reliable && lost ? (this.#profile.retransmitAfterMs ?? 0) : 0;
    const arriving = this.#corrupt(bytes, dice);
    this.#send(arriving, entersAt, now, dice.jitter, late, dice.reordering);
    if (!reliable && hits(dice.duplication, this.#profile.duplicatePercent)) {
      this.#statistics.duplicated++;
      this.#send(arriving, entersAt, now, dice.copyJitter, 0, 1);
    }
  }

  /** What has arrived by `now`, in the order of arrival. */
  due(now: number): Buffer[] {
    const firstLater = this.#travelling.findIndex((packet) => packet.arrivesAt > now);
    const count = firstLater === -1 ? this.#travelling.length : firstLater;
    return this.#travelling.splice(0, count).map(({ bytes }) => {
      this.#heldBytes -= bytes.length;
      this.#statistics.delivered++;
      this.#statistics.deliveredBytes += bytes.length;
      return bytes;
    });
  }

  /** When the next packet arrives; undefined when nothing is on its way. */
  nextDeadline(): number | undefined {
    return this.#travelling[0]?.arrivesAt;
  }

  /** Bytes that wait for the bottleneck at `now`. */
  queuedBytes(now: number): number {
    const firstWaiting = this.#queued.findIndex((packet) => packet.leavesAt > now);
    const left = this.#queued.splice(0, firstWaiting === -1 ? this.#queued.length : firstWaiting);
    for (const { size } of left) this.#queuedBytes -= size;
    return this.#queuedBytes;
  }

  /** Bytes taken and not yet handed out. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  statistics(): LinkStatistics {
    return { ...this.#statistics };
  }

  #roll(): Dice {
    const random = this.#random;
    return {
      burst: random(),
      loss: random(),
      corruption: random(),
      position: random(),
      duplication: random(),
      reordering: random(),
      jitter: random(),
      copyJitter: random(),
    };
  }

  #outageUntil(now: number): number | undefined {
    if (this.#statistics.offered <= (this.#profile.dropFirstPackets ?? 0)) return now;
    const firstAt = this.#firstAt ?? now;
    const end = outageEnd(this.#profile, now - firstAt);
    const until = Math.max(this.#blackoutUntil, end === undefined ? -Infinity : firstAt + end);
    return until > now ? until : undefined;
  }

  #isLost(dice: Dice): boolean {
    const { burst, lossPercent } = this.#profile;
    if (!burst) this.#inBurst = false;
    else if (this.#inBurst) this.#inBurst = !hits(dice.burst, burst.leavePercent);
    else this.#inBurst = hits(dice.burst, burst.enterPercent);
    return hits(dice.loss, burst && this.#inBurst ? (burst.lossPercent ?? 100) : lossPercent);
  }

  #corrupt(bytes: Buffer, dice: Dice): Buffer {
    const reliable = this.#profile.retransmitAfterMs !== undefined;
    if (reliable || bytes.length === 0 || !hits(dice.corruption, this.#profile.corruptPercent)) return bytes;
    this.#statistics.corrupted++;
    const corrupted = Buffer.from(bytes);
    const bit = Math.floor(dice.position * bytes.length * 8);
    corrupted[bit >> 3] = (corrupted[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return corrupted;
  }

  #send(
    bytes: Buffer,
    entersAt: number,
    now: number,
    jitter: number,
    lateMs: number,
    reordering: number,
  ): void {
    const leavesAt = this.#passBottleneck(bytes.length, entersAt, now);
    if (leavesAt === undefined) return;
    const { delayMs = 0, jitterMs = 0, jitterReorders, reorderPercent, retransmitAfterMs } = this.#profile;
    const arrivesAt = leavesAt + Math.max(0, delayMs + jitterMs * (2 * jitter - 1)) + lateMs;
    if (retransmitAfterMs !== undefined) this.#arriveInOrder(bytes, arrivesAt);
    else if (hits(reordering, reorderPercent)) {
      this.#statistics.reordered++;
      this.#arrive(bytes, arrivesAt + (this.#profile.reorderByMs ?? DEFAULT_REORDER_BY_MS));
    } else if (jitterReorders) this.#arrive(bytes, arrivesAt);
    else this.#arriveInOrder(bytes, arrivesAt);
  }

  /** When the packet has left the bottleneck; undefined when there is no room to wait for it. */
  #passBottleneck(size: number, entersAt: number, now: number): number | undefined {
    const { rateBps, queueBytes = DEFAULT_QUEUE_BYTES, retransmitAfterMs } = this.#profile;
    const waiting = this.queuedBytes(now);
    const starts = Math.max(entersAt, this.#lineFreeAt);
    const mustWait = rateBps !== undefined && starts > entersAt;
    // The packet on the line counts as waiting, too: it leaves the buffer when its last bit has.
    const full = (mustWait && waiting + size > queueBytes) || this.#heldBytes + size > MAX_HELD_BYTES;
    // A reliable link drops nothing: who feeds it looks at `heldBytes` and waits.
    if (full && retransmitAfterMs === undefined) {
      this.#statistics.overflowed++;
      return undefined;
    }
    const leavesAt = rateBps === undefined ? starts : starts + (size * 8_000) / rateBps;
    this.#lineFreeAt = leavesAt;
    if (leavesAt > now) {
      this.#queued.push({ leavesAt, size });
      this.#queuedBytes += size;
    }
    return leavesAt;
  }

  #arriveInOrder(bytes: Buffer, earliest: number): void {
    this.#lastArrival = Math.max(this.#lastArrival, earliest);
    this.#arrive(bytes, this.#lastArrival);
  }

  #arrive(bytes: Buffer, arrivesAt: number): void {
    // From the end, since almost every packet belongs there.
    const before = this.#travelling.findLastIndex((packet) => packet.arrivesAt <= arrivesAt);
    this.#travelling.splice(before + 1, 0, { bytes, arrivesAt });
    this.#heldBytes += bytes.length;
  }
}

export function emptyStatistics(): LinkStatistics {
  return {
    offered: 0,
    offeredBytes: 0,
    delivered: 0,
    deliveredBytes: 0,
    lost: 0,
    blackedOut: 0,
    overflowed: 0,
    duplicated: 0,
    corrupted: 0,
    reordered: 0,
  };
}

/** The sum of both, for links that came and went. */
export function addStatistics(a: LinkStatistics, b: LinkStatistics): LinkStatistics {
  const sum = { ...a };
  for (const key of Object.keys(sum) as (keyof LinkStatistics)[]) sum[key] += b[key];
  return sum;
}

function hits(dice: number, percent: number | undefined): boolean {
  return dice * 100 < (percent ?? 0);
}
