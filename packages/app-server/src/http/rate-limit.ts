// A bucket of permissions per address, or per browser, that refills with time. Knows no HTTP and no clock.
import { addressGroup } from './address-group.ts';

export interface RateLimitOptions {
  /** How many at once. */
  burst: number;
  /** How long one takes to come back, in ms. */
  refillMs: number;
}

/** Above this many, full buckets are forgotten: they say the same as none. */
const MAX_ADDRESSES = 10_000;

export class RateLimit {
  readonly #options: RateLimitOptions;
  /** When the bucket of an address, or of those that count as one, will be full again, in the caller's clock. */
  readonly #fullAt = new Map<string, number>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Takes one permission; false when there is none left. `now` in ms. */
  take(address: string, now: number): boolean {
    const { burst, refillMs } = this.#options;
    const group = addressGroup(address);
    const fullAt = Math.max(this.#fullAt.get(group) ?? now, now) + refillMs;
    if (fullAt - now > burst * refillMs) return false;
    if (this.#fullAt.size >= MAX_ADDRESSES) this.#forget(now);
    this.#fullAt.set(group, fullAt);
    return true;
  }

  #forget(now: number): void {
    for (const [address, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(address);
    // An attacker with that many addresses is not held by this limit; memory is.
    if (this.#fullAt.size >= MAX_ADDRESSES) this.#fullAt.clear();
  }
}
