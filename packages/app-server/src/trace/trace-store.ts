// The sessions that are kept, bounded in number and memory: what ended long ago makes way first, then those of whoever
// has most. Tests have a part of it and no more.
import type { TraceEntry } from '@parley/protocol';
import type { EntryLimits } from './entry-list.ts';
import { firstToGo, ofWhoHasMost, type Weight } from './eviction.ts';
import type { TracedSession } from './traced-session.ts';

export interface TraceLimits extends EntryLimits {
  sessions: number;
  /** Of all entries of all sessions, about, in bytes. */
  bytes: number;
}

export const TRACE_LIMITS: TraceLimits = {
  entries: 2_000,
  firstEntries: 200,
  sessions: 500,
  bytes: 67_108_864,
};

/** Time to look at what went wrong in a meeting, in ms. */
const OLD_AFTER_MS = 3_600_000;

/** Whoever has the address may test, without a room: tests push out other tests once they have this part of it all. */
const TESTS_SHARE = 1 / 4;

export class TraceStore {
  readonly #limits: TraceLimits;
  /** In the order of their begin. */
  readonly #sessions = new Map<string, TracedSession>();
  readonly #onGone = new Map<string, Set<() => void>>();
  #bytes = 0;

  constructor(limits: TraceLimits) {
    this.#limits = limits;
  }

  /** About what all entries take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The oldest first. */
  all(): TracedSession[] {
    return [...this.#sessions.values()];
  }

  get(id: string): TracedSession | undefined {
    return this.#sessions.get(id);
  }

  put(session: TracedSession): void {
    this.#forget(this.#sessions.get(session.id));
    const all = this.all();
    const tests = all.filter(isTest);
    const { sessions } = this.#limits;
    if (isTest(session) && tests.length >= Math.ceil(sessions * TESTS_SHARE))
      this.#forget(oneOf(tests, session.startedAt));
    else if (all.length >= sessions) this.#forget(oneOf(all, session.startedAt));
    this.#sessions.set(session.id, session);
  }

  /** Gives the entry's number; undefined when the session is not kept any more. */
  add(id: string, entry: Omit<TraceEntry, 'number'>): number | undefined {
    return this.#change(id, (session) => session.add(entry));
  }

  complete(id: string, number: number, end: Pick<TraceEntry, 'durationMs' | 'outcome' | 'facts'>): void {
    this.#change(id, (session) => {
      session.entries.complete(number, end);
      session.changed();
    });
  }

  /** Calls the listener once when the session is kept no longer, unless the returned function was called before. */
  onGone(id: string, listener: () => void): () => void {
    const listeners = this.#onGone.get(id) ?? new Set();
    this.#onGone.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#onGone.get(id) === listeners) this.#onGone.delete(id);
    };
  }

  #change<Result>(id: string, change: (session: TracedSession) => Result): Result | undefined {
    const session = this.#sessions.get(id);
    if (!session) return undefined;
    const before = session.entries.bytes;
    const result = change(session);
    this.#bytes += session.entries.bytes - before;
    while (this.#bytes > this.#limits.bytes) this.#shrink();
    return result;
  }

  #shrink(): void {
    const all = this.all();
    const tests = all.filter(isTest);
    const ofTests = tests.reduce((bytes, { entries }) => bytes + entries.bytes, 0);
    const among = ofTests > this.#limits.bytes * TESTS_SHARE ? tests : all;
    const first = firstToGo(among, bytesOf);
    if (first?.ended) return this.#forget(first);
    // All that whoever has most has lasts still: the greatest of it has least need of all of it.
    const { entries } = ofWhoHasMost(among, bytesOf).reduce((a, b) => (bytesOf(b) > bytesOf(a) ? b : a));
    const before = entries.bytes;
    entries.dropHalf();
    this.#bytes += entries.bytes - before;
  }

  #forget(session: TracedSession | undefined): void {
    if (!session || !this.#sessions.delete(session.id)) return;
    this.#bytes -= session.entries.bytes;
    const listeners = this.#onGone.get(session.id) ?? [];
    this.#onGone.delete(session.id);
    for (const listener of listeners) listener();
  }
}

function isTest({ kind }: TracedSession): boolean {
  return kind === 'test';
}

const bytesOf: Weight = ({ entries }) => entries.bytes;

/**
 * Streams that last are what somebody looks at: they make way only when none has ended. Before all others does what ended
 * long ago: else the meeting that has just ended, with its many streams, would make way for small ones of last month.
 * @param now in ms since 1970
 */
function oneOf(sessions: readonly TracedSession[], now: number): TracedSession | undefined {
  const ended = sessions.filter((session) => session.ended);
  const old = ended.filter(({ endedAt }) => endedAt !== null && endedAt < now - OLD_AFTER_MS);
  if (old.length > 0) return old.find(({ failed }) => !failed) ?? old[0];
  return firstToGo(ended.length > 0 ? ended : sessions, () => 1);
}
