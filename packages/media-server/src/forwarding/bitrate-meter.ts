// The bitrate of something that counts its bytes anyway: looks at the counter now and then, so that packets pay nothing.

export class BitrateMeter {
  readonly #bytes: () => number;
  #previous = 0;
  #sampledAt: number | undefined;
  #bitrate = 0;

  /** `bytes`: the counter as it stands. */
  constructor(bytes: () => number) {
    this.#bytes = bytes;
  }

  /** In bit/s, between the last two samples; 0 before there are two. */
  get bitrate(): number {
    return this.#bitrate;
  }

  /** To be called about once a second; `now` in ms. */
  sample(now: number): void {
    const bytes = this.#bytes();
    const elapsed = this.#sampledAt === undefined ? 0 : now - this.#sampledAt;
    if (elapsed > 0) this.#bitrate = Math.round(((bytes - this.#previous) * 8000) / elapsed);
    this.#previous = bytes;
    this.#sampledAt = now;
  }
}
