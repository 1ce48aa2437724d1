// A Link on the real clock: one timer that hands over each packet when it arrives. Knows no sockets.
import type { Link, LinkStatistics } from './link.ts';
import type { LinkProfile } from './link-profile.ts';

/** Longer ones fire at once; a link whose outage never ends just looks again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class ClockedLink {
  readonly #link: Link;
  readonly #deliver: (bytes: Buffer) => void;
  #timer: NodeJS.Timeout | undefined;
  #held = false;
  #closed = false;

  constructor(link: Link, deliver: (bytes: Buffer) => void) {
    this.#link = link;
    this.#deliver = deliver;
  }

  push(bytes: Buffer): void {
    if (this.#closed) return;
    this.#link.push(bytes, performance.now());
    this.#run();
  }

  setProfile(profile: LinkProfile): void {
    this.#link.setProfile(profile);
  }

  /** Nothing enters for the next `ms`. */
  blackout(ms: number): void {
    this.#link.blackout(performance.now() + ms);
  }

  /** While held, nothing is delivered and nothing is lost. */
  hold(held: boolean): void {
    this.#held = held;
    this.#run();
  }

  get heldBytes(): number {
    return this.#link.heldBytes;
  }

  get queuedBytes(): number {
    return this.#link.queuedBytes(performance.now());
  }

  statistics(): LinkStatistics {
    return this.#link.statistics();
  }

  /** What is on its way is gone. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #run(): void {
    clearTimeout(this.#timer);
    if (this.#held || this.#closed) return;
    for (const bytes of this.#link.due(performance.now())) this.#deliver(bytes);
    // What was delivered may have closed or held the link.
    const deadline = this.#closed || this.#held ? undefined : this.#link.nextDeadline();
    if (deadline === undefined) return;
    const wait = Math.ceil(Math.max(0, deadline - performance.now()));
    this.#timer = setTimeout(() => this.#run(), Math.min(wait, LONGEST_TIMER_MS));
  }
}
