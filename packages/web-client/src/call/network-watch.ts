// Notices that this device may have another network now, or has slept: then nobody waits for a timeout. Only notices.

/** `changed`: addresses of before may be gone. `woke`: time has passed unseen. `shown`: a page in the background was held back. */
export type NetworkNews = 'changed' | 'woke' | 'shown';

/** How often the clock is looked at, in ms. */
const TICK_MS = 1_000;
/** A timer that is late by this much, in ms, was held back by sleep: a page in the background is, too, but by one second. */
const SLEPT_MS = 5_000;

/** The part of the browser that is watched; `connection` is not in every one (Network Information API). */
export interface NetworkSources {
  window: EventTarget;
  document: EventTarget & { visibilityState: DocumentVisibilityState };
  connection: EventTarget | undefined;
  /** Goes on while the device sleeps, in ms. */
  now(): number;
}

export class NetworkWatch {
  readonly #onNews: (news: NetworkNews) => void;
  readonly #listening = new AbortController();
  readonly #now: () => number;
  readonly #timer: ReturnType<typeof setInterval>;
  #last: number;

  constructor(sources: NetworkSources, onNews: (news: NetworkNews) => void) {
    this.#onNews = onNews;
    this.#now = () => sources.now();
    this.#last = this.#now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    const { signal } = this.#listening;
    sources.window.addEventListener('online', () => onNews('changed'), { signal });
    sources.connection?.addEventListener('change', () => onNews('changed'), { signal });
    sources.document.addEventListener(
      'visibilitychange',
      () => {
        if (sources.document.visibilityState === 'visible') onNews('shown');
      },
      { signal },
    );
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#listening.abort();
  }

  #tick(): void {
    const now = this.#now();
    const gap = now - this.#last;
    this.#last = now;
    if (gap - TICK_MS > SLEPT_MS) this.#onNews('woke');
  }
}

/** This page's own. */
export function networkSources(): NetworkSources {
  const { connection } = navigator as Navigator & { connection?: EventTarget };
  // The clock on the wall: that of the page may stand still while the device sleeps.
  return { window, document, connection, now: () => Date.now() };
}
