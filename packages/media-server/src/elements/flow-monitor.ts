// Tells flowing from not flowing for one kind of media on one side of an element. Knows nothing of what the packets are.

/**
 * More than this between two ticks means that the process stood still. Packets waited in the sockets meanwhile, so the
 * time must not count as silence: a false NOT_FLOWING makes applications drop the stream.
 */
const LONGEST_TICK_GAP_MS = 100;

export class FlowMonitor {
  readonly #silenceMs: number;
  readonly #changed: (flowing: boolean) => void;
  #seen = false;
  #flowing = false;
  #silentFor = 0;
  #lastTick: number | undefined;

  /** `silenceMs`: how long no packet may come before the flow counts as ended. */
  constructor(silenceMs: number, changed: (flowing: boolean) => void) {
    this.#silenceMs = silenceMs;
    this.#changed = changed;
  }

  get flowing(): boolean {
    return this.#flowing;
  }

  /** A packet passed. On the packet path. */
  packet(): void {
    this.#seen = true;
    if (!this.#flowing) this.#start();
  }

  /** `now`: ms of the monotonic clock. */
  tick(now: number): void {
    const elapsed = Math.min(now - (this.#lastTick ?? now), LONGEST_TICK_GAP_MS);
    this.#lastTick = now;
    if (!this.#flowing) return;
    this.#silentFor = this.#seen ? 0 : this.#silentFor + elapsed;
    this.#seen = false;
    if (this.#silentFor < this.#silenceMs) return;
    this.#flowing = false;
    this.#changed(false);
  }

  #start(): void {
    this.#flowing = true;
    this.#silentFor = 0;
    this.#lastTick = undefined;
    this.#changed(true);
  }
}
