// The sessions that are kept, bounded in number and memory: ended ones make way first, the oldest of them first.
import type { TraceEntry } from '@parley/protocol';
import type { EntryLimits } from './entry-list.ts';
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
    if (this.#sessions.size >= this.#limits.sessions) this.#forget(this.#oldestEnded() ?? this.#oldest());
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
    const ended = this.#oldestEnded();
    if (ended) return this.#forget(ended);
    // All of them last still: whoever has most, has least need of it.
    const { entries } = this.all().reduce((a, b) => (b.entries.bytes > a.entries.bytes ? b : a));
    const before = entries.bytes;
    entries.dropHalf();
    this.#bytes += entries.bytes - before;
  }

  #oldestEnded(): TracedSession | undefined {
    for (const session of this.#sessions.values()) if (session.ended) return session;
    return undefined;
  }

  #oldest(): TracedSession | undefined {
    const [first] = this.#sessions.values();
    return first;
  }

  #forget(session: TracedSession | undefined): void {
    if (!session || !this.#sessions.delete(session.id)) return;
    this.#bytes -= session.entries.bytes;
    const listeners = this.#onGone.get(session.id) ?? [];
    this.#onGone.delete(session.id);
    for (const listener of listeners) listener();
  }
}
