// Keeps one leg alive: builds it, builds it again with growing pauses when it fails, and gives up after some tries.
// Does not know whether it goes up or down.
import type { FailureCause } from '@parley/protocol';
import { causeOf } from './causes.ts';
import type { PeerLegNews } from './peer-leg.ts';
import { refusalReason, sentenceFor } from './refusals.ts';
import type { StepQueue } from './step-queue.ts';
import { QueueClosedError } from './step-queue.ts';

/**
 * `waiting`: it failed and will be built again. `failed`: given up. `detail`: a sentence for a person where that of the
 * cause would be less exact.
 */
export type KeeperState =
  | { phase: 'connecting' }
  | { phase: 'live' }
  | { phase: 'waiting'; cause: FailureCause }
  | { phase: 'failed'; cause: FailureCause; detail?: string };

/** One try. `connect` settles when offer and answer are exchanged; `close` ends it and never throws. */
export interface LegAttempt {
  connect(): Promise<void>;
  close(): void;
}

export interface LegKeeperOptions {
  /** Makes the next try, which tells `changed` what becomes of its connection. */
  build(changed: (news: PeerLegNews) => void): LegAttempt;
  onState(state: KeeperState): void;
  /** The tries run as steps of this queue, so that they never interleave with other negotiations in it. */
  steps: StepQueue;
  /** What is established, for the log. */
  what: string;
}

/** Pauses before the second, third … try, in ms. When they are used up, the keeper gives up. */
export const REBUILD_PAUSES_MS = [500, 1_000, 2_000, 4_000] as const;
/** A leg that lived this long, in ms, was a good one: its failure begins a new row of tries. */
const GOOD_AFTER_MS = 10_000;

export class LegKeeper {
  readonly #options: LegKeeperOptions;
  #attempt: LegAttempt | undefined;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #liveSince: number | undefined;
  #closed = false;

  constructor(options: LegKeeperOptions) {
    this.#options = options;
  }

  /** Begins with the first try, or begins anew after giving up; resolves when this try is answered or has failed. */
  async start(): Promise<void> {
    this.#failures = 0;
    await this.#tryNow();
  }

  /** Ends the leg and all further tries; idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#dropAttempt();
  }

  /** Reports a failure from outside, for example that the server ended the leg. */
  failed(cause: FailureCause): void {
    if (this.#closed) return;
    this.#dropAttempt();
    clearTimeout(this.#timer);
    if (this.#liveSince !== undefined && performance.now() - this.#liveSince >= GOOD_AFTER_MS)
      this.#failures = 0;
    this.#liveSince = undefined;
    const pause = REBUILD_PAUSES_MS[this.#failures++];
    if (pause === undefined) {
      this.#options.onState({ phase: 'failed', cause });
      return;
    }
    this.#options.onState({ phase: 'waiting', cause });
    this.#timer = setTimeout(() => void this.#tryNow(), pause);
  }

  async #tryNow(): Promise<void> {
    clearTimeout(this.#timer);
    this.#dropAttempt();
    try {
      await this.#options.steps.run(() => this.#connect());
    } catch (error) {
      if (!(error instanceof QueueClosedError)) throw error;
    }
  }

  async #connect(): Promise<void> {
    if (this.#closed) return;
    this.#options.onState({ phase: 'connecting' });
    let attempt: LegAttempt | undefined;
    try {
      attempt = this.#options.build((news) => {
        if (attempt === this.#attempt) this.#changed(news);
      });
      this.#attempt = attempt;
      await attempt.connect();
    } catch (error) {
      if (attempt === this.#attempt) this.#refused(error);
    }
  }

  #changed(news: PeerLegNews): void {
    if (news.state === 'failed') return this.failed(news.cause);
    this.#liveSince ??= performance.now();
    this.#options.onState({ phase: 'live' });
  }

  #refused(error: unknown): void {
    console.warn(`${this.#options.what}: the try failed`, error);
    const cause = causeOf(error);
    if (!isFinal(error)) return this.failed(cause);
    this.#dropAttempt();
    const busy = refusalReason(error) === 'screen-already-shared';
    this.#options.onState({ phase: 'failed', cause, ...(busy ? { detail: sentenceFor(error) } : {}) });
  }

  #dropAttempt(): void {
    this.#attempt?.close();
    this.#attempt = undefined;
  }
}

/** Whether trying again would only give the same refusal. */
function isFinal(error: unknown): boolean {
  const reason = refusalReason(error);
  return reason === 'screen-already-shared' || reason === 'not-yours' || reason === 'sdp-refused';
}
