// From a session's trace to the rows of its sequence diagram: what stands beside what, what is folded, what is marked.
// Without a view: the page draws the rows, and `trace-mermaid.ts` writes them as text.
import { TRACE_PARTIES, type SessionTrace, type TraceEntry, type TraceParty } from './trace.ts';

/** The four lanes as a reader calls them. */
export const LANE_TITLES: Readonly<Record<TraceParty, string>> = {
  browser: 'Browser',
  'app-server': 'Application server',
  'media-server': 'Media server',
  'turn-server': 'TURN server',
};

/** How long nothing may happen before it is folded into a row of its own, in ms. */
export const IDLE_MS = 2_000;

/** `lost`: no answer came, or none will. `trouble`: refused, or something failed. `attention`: again, or being repaired. */
export type RowTone = 'plain' | 'good' | 'attention' | 'trouble' | 'lost';

interface RowPlace {
  /** The same row has the same key when the trace has grown. */
  readonly key: string;
  /** From the session's begin, in ms. */
  readonly offsetMs: number;
}

interface EntryRow extends RowPlace {
  readonly tone: RowTone;
  /** The name and what tells it from others of that name, such as `create WebRtcEndpoint`. */
  readonly label: string;
  /** Whose leg it concerns, by name; undefined when it concerns no leg or nobody knows the name. */
  readonly who: string | undefined;
  /** What the row stands for, oldest first; several when they are the same again. Never empty. */
  readonly entries: readonly TraceEntry[];
  /** Begin of the last of them, from the session's begin, in ms. */
  readonly untilMs: number;
}

/** Something said by one party to another. */
export interface ArrowRow extends EntryRow {
  readonly type: 'arrow';
  readonly from: TraceParty;
  readonly to: TraceParty;
  /** Of a request that is answered within this row; the longest, when it stands for several. In ms. */
  readonly durationMs: number | null;
  /** The answer has a row of its own, because something came between. */
  readonly answeredLater: boolean;
}

/** The answer to a request between which and it other rows stand. */
export interface AnswerRow extends EntryRow {
  readonly type: 'answer';
  readonly from: TraceParty;
  readonly to: TraceParty;
  readonly durationMs: number;
}

/** Something that one party saw or did by itself. */
export interface NoteRow extends EntryRow {
  readonly type: 'note';
  readonly at: TraceParty;
}

/** Nothing happened for `ms`. */
export interface IdleRow extends RowPlace {
  readonly type: 'idle';
  readonly ms: number;
}

/** So many entries were here and are not kept any more. */
export interface DroppedRow extends RowPlace {
  readonly type: 'dropped';
  readonly count: number;
}

export type DiagramRow = ArrowRow | AnswerRow | NoteRow | IdleRow | DroppedRow;

export interface TraceDiagram {
  readonly lanes: readonly { readonly party: TraceParty; readonly title: string }[];
  readonly rows: readonly DiagramRow[];
}

/** Come in swarms, both ways and through each other: one row per swarm says as much. */
const SWARMING = new Set([
  'addCandidate',
  'addIceCandidate',
  'candidate',
  'IceCandidateFound',
  'NewCandidatePairSelected',
  'reportLeg',
  'reportTrace',
  'ledger',
  'ping',
  'addTag',
  'subscribe',
  'getDiagnosis',
  'getStats',
  'testTick',
]);

/** Facts that belong to the name. */
const TELLING_FACTS = [
  'type',
  'sink',
  'kind',
  'mediaType',
  'state',
  'newState',
  'step',
  'via',
  'reason',
  'cause',
];

/** The diagram of a trace: rows in the order of time, by the server's clock. */
export function diagramOf(trace: SessionTrace): TraceDiagram {
  const names = namesIn(trace);
  const entries = [...trace.entries].sort((a, b) => a.at - b.at || a.number - b.number);
  const builders = groupSwarms(entries, trace.startedAt, (entry) => whoOf(entry, names));
  const answered = withAnswers(builders, trace.startedAt);
  const rows = withIdleTimes(answered);
  const place = trace.dropped > 0 ? rows.findIndex((row) => comesAfter(row, numberAfterGap(entries))) : -1;
  const offsetMs = rows[place]?.offsetMs ?? 0;
  if (trace.dropped > 0)
    rows.splice(Math.max(0, place), 0, { type: 'dropped', key: 'dropped', offsetMs, count: trace.dropped });
  return { lanes: TRACE_PARTIES.map((party) => ({ party, title: LANE_TITLES[party] })), rows };
}

/** The first number behind the largest gap in them: there the dropped ones were. */
function numberAfterGap(entries: readonly TraceEntry[]): number {
  const numbers = entries.map(({ number }) => number).sort((a, b) => a - b);
  let [largest, after] = [0, numbers[0] ?? 0];
  numbers.forEach((number, index) => {
    const gap = number - (numbers[index - 1] ?? 0);
    if (gap > largest) [largest, after] = [gap, number];
  });
  return after;
}

function comesAfter(row: DiagramRow, number: number): boolean {
  return row.type !== 'idle' && row.type !== 'dropped' && (row.entries[0]?.number ?? 0) >= number;
}

/** Participants of a trace, by id. */
export function namesIn(trace: SessionTrace): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { leg, participantName } of trace.legs)
    if (leg.participant !== null && participantName !== null) names.set(leg.participant, participantName);
  return names;
}

export function whoOf({ leg }: TraceEntry, names: ReadonlyMap<string, string>): string | undefined {
  return leg?.participant == null ? undefined : names.get(leg.participant);
}

/** The name and what belongs to it. */
export function labelOf({ name, facts }: TraceEntry): string {
  const told = name === 'release' ? ['object'] : TELLING_FACTS;
  const telling = told
    .map((fact) => facts[fact])
    .filter((value) => value !== undefined && value !== '')
    .map(String)
    .filter((value) => !name.includes(value));
  return [name, ...telling].join(' ');
}

function toneOf({ kind, outcome, name, facts }: TraceEntry): RowTone {
  if (outcome === 'lost' || kind === 'gap') return 'lost';
  if (outcome === 'refused') return 'trouble';
  if (kind === 'retry' || kind === 'remedy') return 'attention';
  const what = `${name} ${String(facts['state'] ?? '')}`;
  // A candidate server that does not answer is no harm while another way is open.
  if (/disconnected|icecandidateerror/i.test(what)) return 'attention';
  if (/fail|refused|error|lost/i.test(what)) return 'trouble';
  return /confirmed|first-frame|recovered/i.test(name) ? 'good' : 'plain';
}

interface Group {
  readonly key: string;
  readonly swarming: boolean;
  readonly first: TraceEntry;
  readonly entries: TraceEntry[];
  readonly who: string | undefined;
  readonly offsetMs: number;
}

/** Entries that say the same again without anything else between them become one group. */
function groupSwarms(
  entries: readonly TraceEntry[],
  startedAt: number,
  who: (entry: TraceEntry) => string | undefined,
): Group[] {
  const groups: Group[] = [];
  // The groups since the last entry that came alone, by what they say.
  let open = new Map<string, Group>();
  for (const entry of entries) {
    const swarming = SWARMING.has(entry.name);
    const same = sameness(entry, swarming);
    const present = open.get(same);
    if (present) {
      present.entries.push(entry);
      continue;
    }
    const [only] = open.values();
    // A lone row takes up nothing but its own repetition.
    if (!swarming || (only && !only.swarming)) open = new Map();
    const key = String(entry.number);
    const offsetMs = entry.at - startedAt;
    const group: Group = { key, swarming, first: entry, entries: [entry], who: who(entry), offsetMs };
    open.set(same, group);
    groups.push(group);
  }
  return groups;
}

function sameness(entry: TraceEntry, swarming: boolean): string {
  const { from, to, kind, outcome, leg } = entry;
  const settled = outcome === 'pending' ? 'ok' : outcome;
  const label = swarming ? entry.name : labelOf(entry);
  return [label, from, to, kind, settled, leg?.kind, leg?.participant].join('\n');
}

/** Puts the answer where it came when other rows stand between it and its request. */
function withAnswers(groups: readonly Group[], startedAt: number): (ArrowRow | AnswerRow | NoteRow)[] {
  const rows: (ArrowRow | AnswerRow | NoteRow)[] = [];
  const waiting: AnswerRow[] = [];
  const answerUntil = (offsetMs: number) => {
    waiting.sort((a, b) => a.offsetMs - b.offsetMs);
    while (waiting[0] && waiting[0].offsetMs <= offsetMs) rows.push(...waiting.splice(0, 1));
  };
  groups.forEach((group, index) => {
    answerUntil(group.offsetMs);
    const { first, entries, who, key, offsetMs, swarming } = group;
    const tone = toneOf(first);
    const label = labelOf(swarming ? { ...first, facts: {} } : first);
    const untilMs = (entries.at(-1) ?? first).at - startedAt;
    const row = { key, offsetMs, untilMs, tone, label, who, entries };
    if (first.from === first.to) {
      rows.push({ ...row, type: 'note', at: first.from });
      return;
    }
    const durations = entries.flatMap(({ durationMs }) => (durationMs === null ? [] : [durationMs]));
    const durationMs = durations.length > 0 ? Math.max(...durations) : null;
    const next = groups[index + 1];
    const answeredLater =
      entries.length === 1 &&
      durationMs !== null &&
      next !== undefined &&
      offsetMs + durationMs > next.offsetMs;
    const { from, to } = first;
    rows.push({
      ...row,
      type: 'arrow',
      from,
      to,
      durationMs: answeredLater ? null : durationMs,
      answeredLater,
    });
    if (answeredLater) {
      const at = offsetMs + durationMs;
      const answer = { key: `${key}-answer`, offsetMs: at, untilMs: at, tone, label, who, entries };
      waiting.push({ ...answer, type: 'answer', from: to, to: from, durationMs });
    }
  });
  answerUntil(Infinity);
  return rows;
}

function withIdleTimes(rows: readonly (ArrowRow | AnswerRow | NoteRow)[]): DiagramRow[] {
  const folded: DiagramRow[] = [];
  let busyUntil: number | undefined;
  for (const row of rows) {
    const ms = busyUntil === undefined ? 0 : row.offsetMs - busyUntil;
    if (busyUntil !== undefined && ms >= IDLE_MS)
      folded.push({ type: 'idle', key: `idle-${row.key}`, offsetMs: busyUntil, ms });
    folded.push(row);
    busyUntil = Math.max(busyUntil ?? row.untilMs, row.untilMs);
  }
  return folded;
}
