// One session in the store: who took part, how its legs fare, and its entries. Filled by the span processor, read by the
// inspector.
import type {
  LegStatus,
  RoomId,
  SecurityFinding,
  SessionId,
  SessionKind,
  StepRecord,
  TraceEntry,
  TraceLeg,
} from '@parley/protocol';
import { EntryList, type EntryLimits } from './entry-list.ts';

/** A leg as its owner knows it. */
export interface LegReport {
  readonly leg: TraceLeg;
  readonly participantName: string | null;
  readonly status: LegStatus;
  /** In ms of `performance.now()`. */
  readonly steps: readonly StepRecord[];
  /** On the media server; undefined while there is none. */
  readonly endpoint: string | undefined;
}

export interface SessionBegin {
  readonly id: string;
  readonly kind: SessionKind;
  readonly room: RoomId | null;
  /** Whose it is, as the TURN server knows them too. */
  readonly participant: { readonly id: string; readonly name: string | null };
  /** Asked while the session lasts, and once more when it ends. */
  legs(): readonly LegReport[];
}

/** What a browser told of the pair that its ICE agent selected. */
export interface ReportedPair {
  readonly local: string;
  readonly remote: string;
  readonly relayed: boolean;
  readonly roundTripMs: number | null;
}

/** A room of 100, each of whom came back a few times. */
const MAX_LEGS = 1_000;
const MAX_REMEDIES = 8;

export class TracedSession {
  readonly id: SessionId;
  readonly kind: SessionKind;
  readonly room: RoomId | null;
  readonly participant: SessionBegin['participant'];
  readonly entries: EntryList;
  /** Everybody with a leg, and those who were told that they may have one. */
  readonly participants = new Set<string>();
  /** What was seen to be wrong, by its id. */
  readonly findings = new Map<string, SecurityFinding>();
  /** In ms since 1970. */
  startedAt: number;
  endedAt: number | null = null;
  /** From `performance.now()` to ms since 1970: fixed, so that entries keep their order when the clock is set. */
  readonly clockOffset: number;
  readonly #listeners = new Set<() => void>();
  readonly #pairs = new Map<string, ReportedPair>();
  readonly #remedies = new Map<string, string[]>();
  /** How to ask for them; not kept beyond the end, because all of a room hangs on it. */
  #askForLegs: (() => readonly LegReport[]) | undefined;
  #lastLegs: readonly LegReport[] = [];
  #failed = false;

  /** @param clockOffset what to add to `performance.now()` */
  constructor(begin: SessionBegin, limits: EntryLimits, now: number, clockOffset: number) {
    this.id = begin.id;
    this.kind = begin.kind;
    this.room = begin.room;
    this.participant = { id: begin.participant.id, name: begin.participant.name };
    this.#askForLegs = () => begin.legs();
    this.entries = new EntryList(limits);
    this.clockOffset = clockOffset;
    this.startedAt = now + clockOffset;
    this.participants.add(begin.participant.id);
  }

  get ended(): boolean {
    return this.endedAt !== null;
  }

  /** Whether it ended with a leg that had failed. */
  get failed(): boolean {
    return this.#failed;
  }

  /** As they are, or were at the end. */
  legs(): readonly LegReport[] {
    return this.#askForLegs?.() ?? this.#lastLegs;
  }

  pairOf(leg: TraceLeg): ReportedPair | undefined {
    return this.#pairs.get(keyOf(leg));
  }

  /** What was done for a leg, each once, in the order of their first use. */
  remediesOf(leg: TraceLeg): readonly string[] {
    return this.#remedies.get(keyOf(leg)) ?? [];
  }

  add(entry: Omit<TraceEntry, 'number'>): number {
    const number = this.entries.add(entry);
    this.startedAt = Math.min(this.startedAt, entry.at);
    const { leg, kind, name, facts } = entry;
    if (leg?.participant != null && this.participants.size < MAX_LEGS) this.participants.add(leg.participant);
    if (leg && kind === 'remedy') this.#remember(leg, name);
    if (leg && name === 'restartIce')
      this.#remember(leg, ['restartIce', facts['via'] ?? []].flat().join(' '));
    this.changed();
    return number;
  }

  /** Something is wrong with its security; the first evidence stands. */
  found(finding: SecurityFinding): void {
    if (!this.findings.has(finding.id)) this.findings.set(finding.id, finding);
  }

  setPair(leg: TraceLeg, pair: ReportedPair): void {
    if (this.#pairs.size < MAX_LEGS) this.#pairs.set(keyOf(leg), pair);
  }

  /** Idempotent. @param now in ms of `performance.now()` */
  end(now: number): void {
    if (this.ended) return;
    this.#lastLegs = this.legs().map((report) => ({
      ...report,
      steps: [...report.steps],
      endpoint: undefined,
    }));
    this.#failed = this.#lastLegs.some(({ status }) => status.state === 'failed');
    this.#askForLegs = undefined;
    this.endedAt = now + this.clockOffset;
    this.changed();
  }

  /** Calls the listener after each change, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #remember(leg: TraceLeg, remedy: string): void {
    const key = keyOf(leg);
    const remedies = this.#remedies.get(key) ?? [];
    if (remedies.includes(remedy) || remedies.length >= MAX_REMEDIES || this.#remedies.size >= MAX_LEGS)
      return;
    this.#remedies.set(key, [...remedies, remedy]);
  }
}

function keyOf({ kind, participant }: TraceLeg): string {
  return `${kind} ${participant ?? ''}`;
}
