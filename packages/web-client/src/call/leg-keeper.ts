// Keeps one leg alive: builds it, lets it be repaired, builds it again with growing pauses when that does not help, and says
// in time that it failed, and why. Does not know whether it goes up or down.
import type { FailureCause } from '@parley/protocol';
import { causeOf } from './causes.ts';
import { NothingAcceptedError, type PeerLegNews } from './peer-leg.ts';
import { refusalReason, sentenceFor } from './refusals.ts';
import type { StepQueue } from './step-queue.ts';
import { QueueClosedError } from './step-queue.ts';

/**
 * `repairing`: it is connected or was, and a remedy is under way. `waiting`: it failed and will be built again. `failed`: it
 * has taken too long; it is tried again now and then, without a word until it works. `detail`: a sentence for a person where
 * that of the cause would be less exact. `facts`: for whoever runs the server.
 */
export type KeeperState =
  | { phase: 'connecting' }
  | { phase: 'live' }
  | { phase: 'repairing'; cause: FailureCause; facts?: string }
  | { phase: 'waiting'; cause: FailureCause; facts?: string }
  | { phase: 'failed'; cause: FailureCause; detail?: string; facts?: string };

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

/** Pauses before the second, third … try, in ms. When they are used up, the leg counts as failed. */
export const REBUILD_PAUSES_MS = [500, 1_000, 2_000, 4_000] as const;
/**
 * All tries and remedies together have this long, in ms, so that whoever joins knows within 15 s how they fare; the server
 * waits a little longer (`ESTABLISHMENT_LIMIT_MS`).
 */
export const LIMIT_MS = 12_500;
/** The pause between two tries of a leg that counts as failed, in ms. */
export const BACKGROUND_PAUSE_MS = 20_000;
/** A leg that lived this long, in ms, was a good one: its failure begins a new row of tries. */
const GOOD_AFTER_MS = 10_000;

/** Whether its connection is there at both sides, as far as this side knows. */
export function isUp({ phase }: KeeperState): boolean {
  return phase === 'live' || phase === 'repairing';
}

export class LegKeeper {
  readonly #options: LegKeeperOptions;
  #attempt: LegAttempt | undefined;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Runs from the first trouble until the leg is well or counts as failed. */
  #limit: ReturnType<typeof setTimeout> | undefined;
  #liveSince: number | undefined;
  /** What is wrong at the moment, or was last. */
  #trouble: { cause: FailureCause; facts?: string } = { cause: 'signalling-lost' };
  /** The limit has passed without a proof that the leg is well. */
  #overdue = false;
  /** It counts as failed: what is tried is not told. */
  #givenUp = false;
  #closed = false;

  constructor(options: LegKeeperOptions) {
    this.#options = options;
  }

  /** Begins with the first try, or begins anew after giving up; resolves when this try is answered or has failed. */
  async start(): Promise<void> {
    this.#failures = 0;
    this.#givenUp = false;
    this.#overdue = false;
    this.#endLimit();
    this.#beginLimit();
    await this.#tryNow();
  }

  /** Ends the leg and all further tries; idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#endLimit();
    this.#dropAttempt();
  }

  /** Reports a failure from outside, for example that the server ended the leg. */
  failed(cause: FailureCause, facts?: string): void {
    if (this.#closed) return;
    this.#dropAttempt();
    clearTimeout(this.#timer);
    this.#endLife();
    this.#trouble = { cause, ...(facts !== undefined && { facts }) };
    if (this.#givenUp) return this.#tryLater(BACKGROUND_PAUSE_MS);
    const pause = this.#overdue ? undefined : REBUILD_PAUSES_MS[this.#failures++];
    if (pause === undefined) return this.#giveUp();
    this.#beginLimit();
    this.#options.onState({ phase: 'waiting', ...this.#trouble });
    this.#tryLater(pause);
  }

  #tryLater(pause: number): void {
    clearTimeout(this.#timer);
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
    if (!this.#givenUp) this.#options.onState({ phase: 'connecting' });
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
    switch (news.state) {
      case 'failed':
        return this.failed(news.cause, news.detail);
      case 'proven':
        this.#overdue = false;
        return this.#endLimit();
      case 'connected':
        this.#liveSince ??= performance.now();
        this.#givenUp = false;
        this.#options.onState({ phase: 'live' });
        break;
      case 'repairing':
        this.#trouble = { cause: news.cause, ...(news.detail !== undefined && { facts: news.detail }) };
        this.#endLife();
        if (this.#givenUp) break;
        if (this.#overdue) return this.#giveUp();
        this.#beginLimit();
        this.#options.onState({ phase: 'repairing', ...this.#trouble });
    }
  }

  #refused(error: unknown): void {
    console.warn(`${this.#options.what}: the try failed`, error);
    const cause = causeOf(error);
    if (!isFinal(error)) return this.failed(cause);
    this.#dropAttempt();
    this.#endLimit();
    const busy = refusalReason(error) === 'screen-already-shared';
    this.#options.onState({ phase: 'failed', cause, ...(busy ? { detail: sentenceFor(error) } : {}) });
  }

  #giveUp(): void {
    this.#endLimit();
    this.#dropAttempt();
    this.#liveSince = undefined;
    this.#overdue = false;
    this.#givenUp = true;
    this.#tryLater(BACKGROUND_PAUSE_MS);
    this.#options.onState({ phase: 'failed', ...this.#trouble });
  }

  #beginLimit(): void {
    this.#limit ??= setTimeout(() => {
      this.#limit = undefined;
      // Connected, and nothing is known to be wrong: only the next trouble is one too many.
      if (this.#liveSince !== undefined) this.#overdue = true;
      else this.#giveUp();
    }, LIMIT_MS);
  }

  #endLife(): void {
    if (this.#liveSince !== undefined && performance.now() - this.#liveSince >= GOOD_AFTER_MS) {
      this.#failures = 0;
      this.#overdue = false;
    }
    this.#liveSince = undefined;
  }

  #endLimit(): void {
    clearTimeout(this.#limit);
    this.#limit = undefined;
  }

  #dropAttempt(): void {
    this.#attempt?.close();
    this.#attempt = undefined;
  }
}

/** Whether trying again would only give the same refusal. */
function isFinal(error: unknown): boolean {
  if (error instanceof NothingAcceptedError) return true;
  const reason = refusalReason(error);
  return reason === 'screen-already-shared' || reason === 'not-yours' || reason === 'sdp-refused';
}
