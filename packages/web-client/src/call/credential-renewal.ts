// Asks for new TURN credentials before the present ones end, for as long as there are any.
import type { IceServer, RequestResult } from '@parley/protocol';

/** After this part of their life, which leaves time for tries that fail. */
const RENEW_AFTER = 2 / 3;
/** How long after a failed try the next one comes, in ms. */
const RETRY_MS = 30_000;
/** RFC 8656 has no word on it; TURN servers round expiry to seconds, and clocks differ. The soonest renewal, in ms. */
const SOONEST_MS = 10_000;
/** A clock that is behind makes them look as if they lasted longer than the hour that servers give them. The latest, in ms. */
export const LATEST_MS = 2_400_000;

export interface CredentialRenewalOptions {
  request(): Promise<RequestResult<'renewIceServers'>>;
  onRenewed(iceServers: readonly IceServer[]): void;
  /** In ms since 1970. */
  now(): number;
}

export class CredentialRenewal {
  readonly #options: CredentialRenewalOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: CredentialRenewalOptions) {
    this.#options = options;
  }

  /** These are in use from now on; without credentials there is nothing to renew. */
  use(iceServers: readonly IceServer[]): void {
    const expiries = iceServers.flatMap(({ username }) => {
      // draft-uberti-behave-turn-rest, 2.2: the name begins with the end, in seconds since 1970.
      const expiry = Number(username?.split(':')[0]);
      return expiry > 0 ? [expiry * 1_000] : [];
    });
    clearTimeout(this.#timer);
    if (expiries.length === 0) return;
    const leftMs = Math.min(...expiries) - this.#options.now();
    this.#renewIn(Math.min(leftMs * RENEW_AFTER, LATEST_MS));
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #renewIn(ms: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), Math.max(SOONEST_MS, ms));
  }

  async #renew(): Promise<void> {
    try {
      const { iceServers, expiresInSeconds } = await this.#options.request();
      if (this.#closed) return;
      this.#options.onRenewed(iceServers);
      // By its own clock, which need not be the server's.
      if (iceServers.length > 0) this.#renewIn(expiresInSeconds * 1_000 * RENEW_AFTER);
    } catch (error) {
      console.info('new credentials for the relay could not be had', error);
      this.#renewIn(RETRY_MS);
    }
  }
}
