// Puts the packets of one track back into the order of their sequence numbers, waiting a bounded time for late ones.
// What a gap means for the picture is the caller's business.
import type { MediaPacket } from '../forwarding/track.ts';

/**
 * How long a missing packet is waited for, in ms. A retransmission takes one round trip and the sender's pause before
 * asking; nobody watches a recording while it is made, so a slow line is given its time.
 */
export const REORDER_WAIT_MS = 200;

/** Packets held back at most: 200 ms of a stream of about 15 Mbit/s. */
const MAX_HELD = 512;

/** `gap`: packets before this one are missing and will not come any more. */
export type OrderedPacket = (packet: MediaPacket, gap: boolean) => void;

export class ReorderBuffer {
  readonly #deliver: OrderedPacket;
  readonly #held = new Map<number, MediaPacket>();
  #next: number | undefined;
  /** When the oldest packet that is held back came in, in ms of the monotonic clock. */
  #heldSince = 0;

  constructor(deliver: OrderedPacket) {
    this.#deliver = deliver;
  }

  /** In ms of the monotonic clock: when to call `expire`; undefined while nothing is held back. */
  get deadline(): number | undefined {
    return this.#held.size > 0 ? this.#heldSince + REORDER_WAIT_MS : undefined;
  }

  push(packet: MediaPacket): void {
    const sequence = packet.extendedSequence;
    this.#next ??= sequence;
    if (sequence < this.#next) return;
    if (sequence === this.#next) {
      this.#next = sequence + 1;
      this.#deliver(packet, false);
      if (this.#held.size > 0) this.#deliverFollowing();
      return;
    }
    if (this.#held.size === 0) this.#heldSince = packet.arrivedAt;
    this.#held.set(sequence, packet);
    if (this.#held.size > MAX_HELD) this.#skipGap();
  }

  /** Gives up on packets that were waited for long enough. `now`: ms of the monotonic clock. */
  expire(now: number): void {
    for (let deadline = this.deadline; deadline !== undefined && deadline <= now; deadline = this.deadline)
      this.#skipGap();
  }

  /** Delivers what is held back, gaps and all, for the end of the track. */
  flush(): void {
    while (this.#held.size > 0) this.#skipGap();
  }

  /** Forgets everything: the next packet starts a new sequence. */
  reset(): void {
    this.#held.clear();
    this.#next = undefined;
  }

  #skipGap(): void {
    const first = Math.min(...this.#held.keys());
    const packet = this.#held.get(first);
    if (!packet) return;
    this.#held.delete(first);
    this.#next = first + 1;
    this.#deliver(packet, true);
    this.#deliverFollowing();
  }

  #deliverFollowing(): void {
    for (;;) {
      const packet = this.#next === undefined ? undefined : this.#held.get(this.#next);
      if (!packet || this.#next === undefined) break;
      this.#held.delete(this.#next);
      this.#next += 1;
      this.#deliver(packet, false);
    }
    // What is left waits for another gap, which began no later than the first of these packets came in.
    let oldest = Infinity;
    for (const held of this.#held.values()) oldest = Math.min(oldest, held.arrivedAt);
    if (this.#held.size > 0) this.#heldSince = oldest;
  }
}
