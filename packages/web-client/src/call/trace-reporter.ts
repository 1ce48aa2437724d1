// Tells the server what this browser saw of its legs, for the session's trace: in batches, seldom, and late rather than
// never. Nothing depends on it: what cannot be told in time is forgotten.
import { MAX_REPORTED_EVENTS, NoAnswerError, type Leg, type ReportedEvent } from '@parley/protocol';
import type { LegEvent } from './leg-trace.ts';
import { legKey } from './peer-leg.ts';

/** The shortest time between two reports of a leg, in ms. */
export const TRACE_PAUSE_MS = 1_000;
/** How long to wait after a report that got no answer, in ms. */
export const TRACE_RETRY_MS = 3_000;
/** Of one leg, this many are kept while the server is away; the oldest are forgotten. */
export const MOST_KEPT = 4 * MAX_REPORTED_EVENTS;
/** What is older is of no use to anybody, in ms (`ReportedEvent.agoMs`). */
const OLDEST_MS = 3_600_000;
const LONGEST_NAME = 64;
const LONGEST_FACT = 256;
const MOST_FACTS = 16;

/** The states of a leg have short names of their own in a trace, such as `ice-connected`. */
const FOLDED: Readonly<Record<string, string>> = {
  iceConnectionState: 'ice',
  iceGatheringState: 'gathering',
  connectionState: 'connection',
  dtlsState: 'dtls',
};

interface Kept extends LegEvent {
  /** By performance.now(), in ms. */
  readonly at: number;
}

interface Told {
  readonly leg: Leg;
  events: Kept[];
  timer: ReturnType<typeof setTimeout> | undefined;
  lastReport: number;
}

export class TraceReporter {
  readonly #send: (leg: Leg, events: ReportedEvent[]) => Promise<unknown>;
  readonly #legs = new Map<string, Told>();
  #closed = false;

  /** @param send asks the server to take a report; rejects with NoAnswerError while it is away */
  constructor(send: (leg: Leg, events: ReportedEvent[]) => Promise<unknown>) {
    this.#send = send;
  }

  /** An arrow function, so that legs may be handed it as it is. */
  readonly trace = (leg: Leg, { kind, name, facts }: LegEvent): void => {
    if (this.#closed) return;
    const key = legKey(leg);
    const told = this.#legs.get(key) ?? { leg, events: [], timer: undefined, lastReport: -Infinity };
    this.#legs.set(key, told);
    const at = performance.now();
    const { state, ...others } = facts;
    const folded = FOLDED[name];
    if (folded !== undefined && typeof state === 'string')
      told.events.push({
        at,
        kind,
        name: folded === state ? state : `${folded}-${state}`,
        facts: shortened(others),
      });
    else told.events.push({ at, kind, name: kebab(name).slice(0, LONGEST_NAME), facts: shortened(facts) });
    if (told.events.length > MOST_KEPT) told.events.shift();
    // Not at once: what belongs together is told together, and no report waits at the server behind an offer, which would
    // make what it tells look later than it was.
    if (told.timer === undefined) this.#reportIn(key, told, TRACE_PAUSE_MS);
  };

  /** Idempotent. What was not told yet is forgotten. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#legs.values()) clearTimeout(timer);
    this.#legs.clear();
  }

  #reportIn(key: string, told: Told, ms: number): void {
    told.timer = setTimeout(() => void this.#report(key, told), ms);
  }

  async #report(key: string, told: Told): Promise<void> {
    const now = performance.now();
    const batch = told.events.filter(({ at }) => now - at <= OLDEST_MS).slice(0, MAX_REPORTED_EVENTS);
    told.lastReport = now;
    let pause = TRACE_PAUSE_MS;
    try {
      if (batch.length > 0)
        await this.#send(
          told.leg,
          batch.map((event) => reported(event, now)),
        );
      told.events = told.events.filter((event) => now - event.at <= OLDEST_MS && !batch.includes(event));
    } catch (error) {
      if (error instanceof NoAnswerError) pause = TRACE_RETRY_MS;
      else {
        // The leg is gone at the server, or it takes no reports.
        console.debug(`${key}: a report for the trace was not accepted`, error);
        told.events = [];
      }
    }
    if (this.#closed) return;
    if (told.events.length > 0) this.#reportIn(key, told, pause);
    else {
      told.timer = undefined;
      this.#forgetIdle();
    }
  }

  /** Legs come and go for as long as the call lasts. */
  #forgetIdle(): void {
    const now = performance.now();
    for (const [key, { events, timer, lastReport }] of this.#legs)
      if (events.length === 0 && timer === undefined && now - lastReport > TRACE_PAUSE_MS)
        this.#legs.delete(key);
  }
}

function reported({ at, kind, name, facts }: Kept, now: number): ReportedEvent {
  return { agoMs: Math.min(OLDEST_MS, Math.max(0, now - at)), kind, name, facts };
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function shortened(facts: LegEvent['facts']): LegEvent['facts'] {
  return Object.fromEntries(
    Object.entries(facts)
      .slice(0, MOST_FACTS)
      .map(([name, fact]) => [name, typeof fact === 'string' ? fact.slice(0, LONGEST_FACT) : fact]),
  );
}
