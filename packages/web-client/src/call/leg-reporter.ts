// Tells the server how one leg fares, when that changes: at most twice a second, and then what holds by then.
import type { LegStatus } from '@parley/protocol';

/** The shortest time between two reports of a leg, in ms. */
export const REPORT_PAUSE_MS = 500;

export class LegReporter {
  readonly #send: (status: LegStatus) => void;
  #last: { status: LegStatus; at: number } | undefined;
  #next: LegStatus | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (status: LegStatus) => void) {
    this.#send = send;
  }

  report(status: LegStatus): void {
    this.#next = status;
    if (this.#timer !== undefined) return;
    const wait = this.#last ? this.#last.at + REPORT_PAUSE_MS - performance.now() : 0;
    if (wait <= 0) this.#flush();
    else this.#timer = setTimeout(() => this.#flush(), wait);
  }

  /** The leg is built anew: the server has forgotten what was said, and what was not said yet no longer holds. */
  begin(): void {
    this.close();
    if (this.#last) this.#last = { ...this.#last, status: NOTHING_SAID };
  }

  /** Idempotent; a later report would be sent all the same. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = undefined;
  }

  #flush(): void {
    this.#timer = undefined;
    const status = this.#next;
    this.#next = undefined;
    if (!status || (this.#last && isSame(status, this.#last.status))) return;
    this.#last = { status, at: performance.now() };
    this.#send(status);
  }
}

const NOTHING_SAID: LegStatus = { state: 'establishing', step: 'requested', cause: null };

export function isSame(one: LegStatus, other: LegStatus): boolean {
  return (
    one.state === other.state &&
    one.step === other.step &&
    one.cause === other.cause &&
    one.detail === other.detail
  );
}
