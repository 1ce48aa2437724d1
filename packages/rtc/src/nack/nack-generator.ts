// Decides which packets of one incoming stream to ask for again, and when. It sends nothing: `due` says what is to go
// into the next NACK (RFC 4585, section 6.2.1).

/** All times: ms of the monotonic clock. All sequence numbers taken: extended, as `SequenceUnwrapper` gives them. */
export interface NackGeneratorOptions {
  /** Round trip to the sender; a guess is taken when it is not known. */
  readonly rttMs?: number;
  /**
   * Called, from within `received`, when more is missing than can be asked for: the missing packets are given up and
   * counting starts from the packet just received. For video, a key frame has to be asked for instead.
   */
  readonly resynchronised?: () => void;
}

/**
 * A gap is asked for once the second packet after it is here, or 20 ms have gone by: by then it is rarely mere
 * reordering, and a retransmission asked for later would come too late for a playout delay of some 100 ms.
 */
const REORDER_TOLERANCE_MS = 20;

/** A guess that suits a server in the same country, and errs on the side of not asking twice. */
const DEFAULT_RTT_MS = 100;

/** On a local network, asking every round trip would send all tries within a millisecond of one burst of loss. */
const MIN_REPEAT_MS = 20;

/** After ten tries or one second the receivers' jitter buffers have given up on the packet too. */
const MAX_TRIES = 10;
const MAX_AGE_MS = 1_000;

/** A jump of so many packets is an outage, which a key frame ends sooner than this many retransmissions. */
const MAX_GAP = 1_000;

/** So many packets missing at a time, in several gaps, are as hopeless as one huge gap. */
const MAX_MISSING = 1_000;

interface MissingPacket {
  readonly sequence: number;
  /** The packet whose arrival showed that this one is missing. */
  readonly revealedBy: number;
  readonly revealedAt: number;
  lastAskedAt: number;
  tries: number;
}

export class NackGenerator {
  /** Round trip to the sender; a missing packet is asked for again after as long. */
  rttMs: number;
  readonly #resynchronised: (() => void) | undefined;
  /** By sequence number, in rising order, since gaps open at the newest end only. */
  readonly #missing = new Map<number, MissingPacket>();
  #newest: number | undefined;
  #closed = false;

  constructor(options: NackGeneratorOptions = {}) {
    this.rttMs = options.rttMs ?? DEFAULT_RTT_MS;
    this.#resynchronised = options.resynchronised;
  }

  /** Takes note of a packet, be it on its first way or retransmitted. */
  received(extendedSequence: number, now: number): void {
    if (this.#closed) return;
    if (this.#newest === undefined) {
      this.#newest = extendedSequence;
      return;
    }
    if (extendedSequence <= this.#newest) {
      this.#missing.delete(extendedSequence);
      return;
    }
    const gapStart = this.#newest + 1;
    const gap = extendedSequence - gapStart;
    this.#newest = extendedSequence;
    if (gap === 0) return;
    if (gap > MAX_GAP || this.#missing.size + gap > MAX_MISSING) {
      this.#missing.clear();
      this.#resynchronised?.();
      return;
    }
    for (let sequence = gapStart; sequence < extendedSequence; sequence++) {
      this.#missing.set(sequence, {
        sequence,
        revealedBy: extendedSequence,
        revealedAt: now,
        lastAskedAt: -Infinity,
        tries: 0,
      });
    }
  }

  /**
   * The 16-bit sequence numbers to ask for now, oldest first, counted as asked for; to be called periodically and, for
   * the fastest recovery, after packets. Empty when there is nothing to ask for.
   */
  due(now: number): number[] {
    const sequences: number[] = [];
    if (this.#missing.size === 0) return sequences;
    const repeatMs = Math.max(this.rttMs, MIN_REPEAT_MS);
    for (const packet of this.#missing.values()) {
      if (now - packet.revealedAt >= MAX_AGE_MS) {
        this.#missing.delete(packet.sequence);
      } else if (this.#isRipe(packet, now) && now - packet.lastAskedAt >= repeatMs) {
        if (packet.tries === MAX_TRIES) {
          this.#missing.delete(packet.sequence);
        } else {
          packet.tries += 1;
          packet.lastAskedAt = now;
          sequences.push(packet.sequence & 0xffff);
        }
      }
    }
    return sequences;
  }

  /** Asks for nothing more. */
  close(): void {
    this.#closed = true;
    this.#missing.clear();
  }

  #isRipe(packet: MissingPacket, now: number): boolean {
    return (
      (this.#newest !== undefined && this.#newest > packet.revealedBy) ||
      now - packet.revealedAt >= REORDER_TOLERANCE_MS
    );
  }
}
