// The ladder of remedies of one leg: which one is due when something is lacking. A state machine with time as an argument;
// whoever owns the leg applies them.

/** `connection`: no way to the other side; `encryption`: a way, and no keys on it; `media`: keys, and nothing comes. */
export type Lack = 'connection' | 'encryption' | 'media';

/** In the order of the ladder. `restart-tcp`, `restart-relay`: ICE looks for a way of that kind only. */
export type Remedy = 'key-frame' | 'restart' | 'restart-tcp' | 'restart-relay' | 'rebuild';

interface Rung {
  readonly remedy: Remedy;
  /** How long the remedy before it has, or whatever went wrong to mend itself, in ms. */
  readonly afterMs: number;
}

/**
 * Each ends within 10 s, so that a rebuilt leg has a few of the 12.5 s that all of it may take. A reachable server answers ICE's
 * checks within one second, TURN included; an interruption often mends itself within two. Where media lacks, the silence was
 * noticed only after a few seconds.
 */
const LADDERS: Readonly<Record<'unconnected' | 'interrupted' | 'unencrypted' | 'silent', readonly Rung[]>> = {
  unconnected: [
    { remedy: 'restart-tcp', afterMs: 3_000 },
    { remedy: 'restart-relay', afterMs: 2_500 },
    { remedy: 'rebuild', afterMs: 2_500 },
  ],
  interrupted: [
    { remedy: 'restart', afterMs: 2_000 },
    { remedy: 'restart-tcp', afterMs: 2_500 },
    { remedy: 'restart-relay', afterMs: 2_500 },
    { remedy: 'rebuild', afterMs: 2_500 },
  ],
  unencrypted: [{ remedy: 'rebuild', afterMs: 4_000 }],
  silent: [
    { remedy: 'key-frame', afterMs: 0 },
    { remedy: 'restart', afterMs: 500 },
    { remedy: 'restart-tcp', afterMs: 1_000 },
    // A browser asks about a path that works every 2.5 s, and only then is told to leave it.
    { remedy: 'restart-relay', afterMs: 3_500 },
    { remedy: 'rebuild', afterMs: 3_500 },
  ],
};

const RESTARTS: readonly Remedy[] = ['restart', 'restart-tcp', 'restart-relay'];

/** How long until a remedy that could not even be asked for is tried again, in ms. */
export const POSTPONED_MS = 1_000;

export interface RemediesOptions {
  /** Whether there is a relay to go through. */
  relay: boolean;
  /** Whether this leg receives: a key frame helps only there. */
  receives: boolean;
}

export class Remedies {
  readonly #impossible = new Set<Remedy>();
  #lack: Lack | undefined;
  #rungs: readonly Rung[] = [];
  #since = 0;
  #wasConnected = false;

  constructor({ relay, receives }: RemediesOptions) {
    if (!relay) this.#impossible.add('restart-relay');
    if (!receives) this.#impossible.add('key-frame');
  }

  get lack(): Lack | undefined {
    return this.#lack;
  }

  /** When the next remedy is due, in ms of the clock that is passed in; undefined while nothing is lacking or none is left. */
  get deadline(): number | undefined {
    const [next] = this.#rungs;
    return next && this.#since + next.afterMs;
  }

  /**
   * Something lacks from now on. What lacked before stays what is repaired: a restart that is under way interrupts the
   * connection by itself. `at once`: it will not mend itself, so the first remedy is due.
   */
  lacks(lack: Lack, now: number, urgency: 'in time' | 'at once' = 'in time'): void {
    if (this.#lack === undefined) {
      this.#lack = lack;
      this.#rungs = LADDERS[this.#ladderFor(lack)].filter(({ remedy }) => !this.#impossible.has(remedy));
      this.#since = now;
    }
    if (urgency === 'at once') this.#hurry(now);
  }

  /** It is there again. Keys tell of a connection; media that came before it was lost tells of nothing. */
  has(what: Lack): void {
    if (what !== 'media') this.#wasConnected = true;
    if (this.#lack !== what && !(this.#lack === 'connection' && what === 'encryption')) return;
    this.#lack = undefined;
    this.#rungs = [];
  }

  /** The remedy that is due, once. `rebuild` is the last. */
  take(now: number): Remedy | undefined {
    const { deadline } = this;
    if (deadline === undefined || now < deadline) return undefined;
    const [rung, ...rest] = this.#rungs;
    this.#rungs = rest;
    this.#since = now;
    return rung?.remedy;
  }

  /** A remedy could not be asked for, because the server is away: the same again a little later. */
  postpone(remedy: Remedy, now: number): void {
    if (this.#lack === undefined) return;
    this.#rungs = [{ remedy, afterMs: POSTPONED_MS }, ...this.#rungs];
    this.#since = now;
  }

  /** The media server cannot restart ICE: the next other remedy is due. */
  cannotRestart(now: number): void {
    for (const remedy of RESTARTS) this.#impossible.add(remedy);
    this.#rungs = this.#rungs.filter(({ remedy }) => !this.#impossible.has(remedy));
    this.#hurry(now);
  }

  #hurry(now: number): void {
    const [next, ...rest] = this.#rungs;
    if (!next) return;
    this.#rungs = [{ ...next, afterMs: 0 }, ...rest];
    this.#since = Math.min(this.#since, now);
  }

  #ladderFor(lack: Lack): keyof typeof LADDERS {
    if (lack === 'media') return 'silent';
    if (lack === 'encryption') return 'unencrypted';
    return this.#wasConnected ? 'interrupted' : 'unconnected';
  }
}
