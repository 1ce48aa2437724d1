// The entries of one session, bounded: how it began stays, and what came last; the oldest in between goes.
import type { TraceEntry } from '@parley/protocol';

export interface EntryLimits {
  /** How many one session keeps. */
  entries: number;
  /** How many of them are the first ones. */
  firstEntries: number;
}

/** What an entry costs besides its texts, in bytes: an object with its members and its place in a map. */
const ENTRY_BYTES = 400;

export class EntryList {
  readonly #limits: EntryLimits;
  readonly #first = new Map<number, TraceEntry>();
  /** In the order of their coming. */
  readonly #last = new Map<number, TraceEntry>();
  #next = 1;
  #dropped = 0;
  #bytes = 0;

  constructor(limits: EntryLimits) {
    this.#limits = limits;
  }

  /** How many are not kept any more. */
  get dropped(): number {
    return this.#dropped;
  }

  /** About what this takes, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** In the order of time; those that began at the same time in the order of their coming. */
  all(): TraceEntry[] {
    return [...this.#first.values(), ...this.#last.values()].sort(
      (a, b) => a.at - b.at || a.number - b.number,
    );
  }

  /** Gives the entry's number. */
  add(entry: Omit<TraceEntry, 'number'>): number {
    const number = this.#next++;
    const { entries, firstEntries } = this.#limits;
    const list = number <= firstEntries ? this.#first : this.#last;
    list.set(number, { ...entry, number });
    this.#bytes += sizeOf(entry);
    if (this.#last.size > entries - firstEntries) this.#drop(this.#last, 0, 1);
    return number;
  }

  /** The request was answered. Nothing happens when it is not kept any more. */
  complete(number: number, end: Pick<TraceEntry, 'durationMs' | 'outcome' | 'facts'>): void {
    const list = this.#first.has(number) ? this.#first : this.#last;
    const entry = list.get(number);
    if (!entry) return;
    const completed = { ...entry, ...end };
    this.#bytes += sizeOf(completed) - sizeOf(entry);
    list.set(number, completed);
  }

  /** Makes room: drops the older half of what came last; when there is none of it, the newer half of how it began. */
  dropHalf(): void {
    if (this.#last.size > 0) this.#drop(this.#last, 0, Math.ceil(this.#last.size / 2));
    else this.#drop(this.#first, Math.floor(this.#first.size / 2), this.#first.size);
  }

  /** Drops those from the place `from`, 0 being the oldest, up to and without `to`. */
  #drop(list: Map<number, TraceEntry>, from: number, to: number): void {
    let place = 0;
    for (const [number, entry] of list) {
      if (place >= to) return;
      if (place++ < from) continue;
      list.delete(number);
      this.#dropped++;
      this.#bytes -= sizeOf(entry);
    }
  }
}

function sizeOf({ name, facts }: Pick<TraceEntry, 'name' | 'facts'>): number {
  let bytes = ENTRY_BYTES + name.length;
  for (const [key, value] of Object.entries(facts))
    bytes += 16 + key.length + (typeof value === 'string' ? value.length : 8);
  return bytes;
}
