// Measures the time that a reader takes for itself: what it waits for bytes is not its own. Has one timer.

export class OwnTime {
  readonly #limitMs: number;
  readonly #exceeded: () => void;
  #usedMs = 0;
  #since: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `exceeded` is called once the time since the last `reset` is more than `limitMs`. */
  constructor(limitMs: number, exceeded: () => void) {
    this.#limitMs = limitMs;
    this.#exceeded = exceeded;
  }

  /** Goes on, or not; the time so far is kept. */
  run(isRunning: boolean): void {
    if (isRunning === (this.#since !== undefined)) return;
    clearTimeout(this.#timer);
    const now = performance.now();
    if (this.#since !== undefined) this.#usedMs += now - this.#since;
    this.#since = isRunning ? now : undefined;
    if (isRunning) this.#timer = setTimeout(this.#exceeded, Math.max(0, this.#limitMs - this.#usedMs));
  }

  /** Stops, and forgets the time so far. */
  reset(): void {
    this.run(false);
    this.#usedMs = 0;
  }
}
