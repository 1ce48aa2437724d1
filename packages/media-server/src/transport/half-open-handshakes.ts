// How many DTLS handshakes of one media port may be under way. Knows nothing of DTLS but that handshakes begin and end.

/** A conference of hundreds joins at once within a second or two, and a handshake takes a tenth of that. */
const MAX_HALF_OPEN = 1_024;

export interface Handshake {
  /** There is no room for it any more: it ends as failed. */
  giveUp(reason: string): void;
}

/**
 * Over the limit the oldest handshake goes. Only whoever the application server has made an endpoint for, and ICE has
 * authenticated, gets here, so this is somebody's mistake or malice from inside: those who began long ago have had their
 * time, two round trips. Leaving new ones without an answer instead would let 1,024 idle ones shut out everybody until their
 * deadline (30 s, the DTLS server's).
 */
export class HalfOpenHandshakes {
  readonly #limit: number;
  /** Oldest first. */
  readonly #open = new Set<Handshake>();

  constructor(limit = MAX_HALF_OPEN) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Idempotent for one that is under way. */
  begin(handshake: Handshake): void {
    this.#open.add(handshake);
    if (this.#open.size <= this.#limit) return;
    const [oldest] = this.#open;
    this.#open.delete(oldest);
    oldest.giveUp('too many handshakes at once');
  }

  /** It has succeeded or failed. Idempotent. */
  end(handshake: Handshake): void {
    this.#open.delete(handshake);
  }
}
