// One session's trace, kept up to date while it runs: the server says that it has changed, and it is fetched again.
import type { SessionTrace } from '@parley/protocol';
import { Store } from '../call/store.ts';
import { AdminError } from './admin-api.ts';

/** `live`: changes are told. `interrupted`: not at the moment; it is tried again. `over`: nothing changes any more. */
export type Following = 'connecting' | 'live' | 'interrupted' | 'over';

export interface SessionView {
  /** The latest that was fetched. */
  readonly trace: SessionTrace | undefined;
  readonly following: Following;
  /** Why there is no trace, or no newer one. */
  readonly failure: AdminError | undefined;
}

/** What the watch needs of the browser's `EventSource`. */
export interface EventSourceLike {
  readonly readyState: number;
  addEventListener(type: 'open' | 'message' | 'error', listener: () => void): void;
  close(): void;
}

export interface SessionWatchOptions {
  fetchTrace(signal: AbortSignal): Promise<SessionTrace>;
  openEvents(): EventSourceLike;
}

/** The shortest time from one fetch to the next, in ms: a session that is being established changes many times a second. */
export const FETCH_PAUSE_MS = 1_000;
/** How long until the events are opened again after the server refused them, in ms. */
export const REOPEN_MS = 5_000;
/** How long until a fetch that failed is tried again, in ms: there may never be another change. */
export const RETRY_MS = 5_000;

/** `EventSource.CLOSED`: it does not come back by itself. */
const CLOSED = 2;

export class SessionWatch {
  readonly #options: SessionWatchOptions;
  readonly #store = new Store<SessionView>({ trace: undefined, following: 'connecting', failure: undefined });
  readonly #ending = new AbortController();
  #events: EventSourceLike | undefined;
  #fetching = false;
  /** Something changed since the last fetch began. */
  #stale = false;
  #lastFetch = -Infinity;
  #fetchTimer: ReturnType<typeof setTimeout> | undefined;
  #reopenTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SessionWatchOptions) {
    this.#options = options;
  }

  readonly subscribe = (listener: () => void) => this.#store.subscribe(listener);
  readonly snapshot = () => this.#store.snapshot();

  start(): void {
    this.#open();
    this.#changed();
  }

  /** Idempotent. */
  close(): void {
    this.#ending.abort();
    this.#closeEvents();
    clearTimeout(this.#fetchTimer);
  }

  #open(): void {
    const events = this.#options.openEvents();
    this.#events = events;
    const whenPresent = (handle: () => void) => () => {
      if (this.#events === events) handle();
    };
    events.addEventListener(
      'open',
      whenPresent(() => {
        const missed = this.snapshot().following === 'interrupted';
        this.#follow('live');
        if (missed) this.#changed();
      }),
    );
    events.addEventListener(
      'message',
      whenPresent(() => this.#changed()),
    );
    events.addEventListener(
      'error',
      whenPresent(() => {
        this.#follow('interrupted');
        if (events.readyState !== CLOSED) return;
        this.#closeEvents();
        this.#reopenTimer = setTimeout(() => this.#open(), REOPEN_MS);
      }),
    );
  }

  #closeEvents(): void {
    clearTimeout(this.#reopenTimer);
    this.#events?.close();
    this.#events = undefined;
  }

  #changed(): void {
    this.#stale = true;
    if (this.#fetching) return;
    clearTimeout(this.#fetchTimer);
    const wait = Math.max(0, this.#lastFetch + FETCH_PAUSE_MS - performance.now());
    this.#fetchTimer = setTimeout(() => void this.#fetch(), wait);
  }

  async #fetch(): Promise<void> {
    const { signal } = this.#ending;
    this.#fetching = true;
    this.#stale = false;
    this.#lastFetch = performance.now();
    try {
      const trace = await this.#options.fetchTrace(signal);
      if (signal.aborted) return;
      this.#store.update((view) => ({ ...view, trace, failure: undefined }));
      if (trace.endedAt !== null) this.#over();
    } catch (error) {
      if (signal.aborted) return;
      console.warn('the session could not be fetched', error);
      const failure = error instanceof AdminError ? error : new AdminError('refused', error);
      this.#store.update((view) => ({ ...view, failure }));
      if (failure.reason === 'gone' || failure.reason === 'signed-out') this.#over();
    } finally {
      this.#fetching = false;
    }
    const { following, failure } = this.snapshot();
    if (following === 'over') return;
    if (this.#stale) this.#changed();
    else if (failure) this.#fetchTimer = setTimeout(() => void this.#fetch(), RETRY_MS);
  }

  #over(): void {
    this.#closeEvents();
    this.#follow('over');
  }

  #follow(following: Following): void {
    this.#store.update((view) => ({ ...view, following }));
  }
}
