// A session's diagram as text for Mermaid (mermaid.js.org, sequenceDiagram): for mails, issues and documents.
import {
  diagramOf,
  LANE_TITLES,
  type AnswerRow,
  type ArrowRow,
  type DiagramRow,
  type NoteRow,
} from './trace-diagram.ts';
import { TRACE_PARTIES, type SessionTrace, type TraceParty } from './trace.ts';

export interface MermaidOptions {
  /** Whether durations and idle times are written; they are if not told otherwise. */
  times?: boolean;
  /** `one`: the four parties. `each`: every participant's browser has a lane of its own. */
  browsers?: 'one' | 'each';
  /** Whether lanes without an entry are left out. */
  onlyUsedLanes?: boolean;
}

/** Behind what is marked: readable on white and on black paper. */
const AGAIN_GROUND = 'rgba(214, 158, 46, 0.2)';
const TROUBLE_GROUND = 'rgba(197, 48, 48, 0.2)';

interface Lane {
  readonly id: string;
  readonly title: string;
}

/** The diagram of a trace, as `sequenceDiagram` text that ends with a newline. */
export function toMermaid(trace: SessionTrace, options: MermaidOptions = {}): string {
  const { times = true, browsers = 'one', onlyUsedLanes = false } = options;
  const { rows } = diagramOf(trace);
  const lanes = new Lanes(browsers);
  for (const row of rows) lanes.see(row);
  const shown = lanes.all(onlyUsedLanes);
  const lines = shown.map(({ id, title }) => `participant ${id} as ${escaped(title)}`);
  for (const row of rows) lines.push(...linesOf(row, lanes, shown, times));
  return ['sequenceDiagram', ...lines.map((line) => `  ${line}`), ''].join('\n');
}

/** Which lane a row's ends are in, and which lanes there are. */
class Lanes {
  readonly #browsers: 'one' | 'each';
  readonly #people: string[] = [];
  readonly #used = new Set<TraceParty>();
  /** A browser's entry that concerns no leg of a known participant. */
  #strangers = false;

  constructor(browsers: 'one' | 'each') {
    this.#browsers = browsers;
  }

  /** Whether the lane itself says whose browser it is. */
  get tellsWho(): boolean {
    return this.#browsers === 'each';
  }

  see(row: DiagramRow): void {
    if (row.type === 'idle' || row.type === 'dropped') return;
    const parties = row.type === 'note' ? [row.at] : [row.from, row.to];
    for (const party of parties) this.#used.add(party);
    if (!parties.includes('browser')) return;
    if (row.who === undefined) this.#strangers = true;
    else if (!this.#people.includes(row.who)) this.#people.push(row.who);
  }

  id(party: TraceParty, who: string | undefined): string {
    const short = party.replace('-server', '');
    if (party !== 'browser' || this.#browsers === 'one' || who === undefined) return short;
    return `browser${this.#people.indexOf(who) + 1}`;
  }

  /** The sender's browser comes first, those of the others last: arrows cross as little as can be. */
  all(onlyUsed: boolean): Lane[] {
    const servers = TRACE_PARTIES.filter((party) => party !== 'browser')
      .filter((party) => !onlyUsed || this.#used.has(party))
      .map((party) => ({ id: this.id(party, undefined), title: LANE_TITLES[party] }));
    const browser = { id: 'browser', title: LANE_TITLES.browser };
    if (this.#browsers === 'one' || this.#people.length === 0) return [browser, ...servers];
    const [sender, ...others] = this.#people.map((who) => ({
      id: this.id('browser', who),
      title: `${LANE_TITLES.browser} of ${who}`,
    }));
    const unknown = this.#strangers ? [browser] : [];
    return [...unknown, ...(sender ? [sender] : []), ...servers, ...others];
  }
}

function linesOf(row: DiagramRow, lanes: Lanes, shown: readonly Lane[], times: boolean): string[] {
  if (row.type === 'idle')
    return times ? [`Note over ${across(shown)}: ${duration(row.ms)} without a message`] : [];
  if (row.type === 'dropped')
    return [`Note over ${across(shown)}: ${row.count} entries are not kept any more`];
  const line = row.type === 'note' ? noteLine(row, lanes) : arrowLine(row, lanes, times);
  const ground = groundOf(row);
  return ground ? [`rect ${ground}`, `  ${line}`, 'end'] : [line];
}

function groundOf({ tone }: ArrowRow | AnswerRow | NoteRow): string | undefined {
  if (tone === 'attention') return AGAIN_GROUND;
  return tone === 'lost' || tone === 'trouble' ? TROUBLE_GROUND : undefined;
}

function noteLine(row: NoteRow, lanes: Lanes): string {
  const { kind } = row.entries[0] ?? {};
  const sort =
    kind === 'gap' ? 'no answer: ' : kind === 'retry' ? 'again: ' : kind === 'remedy' ? 'remedy: ' : '';
  const whose = lanes.tellsWho || row.who === undefined ? '' : ` (${escaped(row.who)})`;
  const words = `${sort}${escaped(row.label)}${times(row.entries.length)}${whose}`;
  return `Note over ${lanes.id(row.at, row.who)}: ${words}`;
}

function arrowLine(row: ArrowRow | AnswerRow, lanes: Lanes, timed: boolean): string {
  const [entry] = row.entries;
  const refused = entry?.outcome === 'refused';
  const notes = [
    !lanes.tellsWho && row.who !== undefined && escaped(row.who),
    refused && (row.type === 'answer' || !row.answeredLater) && 'refused',
    row.tone === 'lost' && 'no answer',
    timed && row.durationMs !== null && duration(row.durationMs),
  ].filter((note) => note !== false);
  const again = row.type === 'arrow' && entry?.kind === 'retry' ? 'again: ' : '';
  const words = `${again}${escaped(row.label)}${times(row.entries.length)}`;
  const ends = [lanes.id(row.from, row.who), lanes.id(row.to, row.who)] as const;
  return `${ends.join(headOf(row, refused))}: ${words}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
}

/** `-x` does not arrive; `--` is an answer; `-)` expects none. */
function headOf(row: ArrowRow | AnswerRow, refused: boolean): string {
  if (row.tone === 'lost') return '-x';
  if (row.type === 'answer') return refused ? '--x' : '-->>';
  const kind = row.entries[0]?.kind;
  return kind === 'notification' || kind === 'event' ? '-)' : '->>';
}

function across(lanes: readonly Lane[]): string {
  return [...new Set([lanes[0]?.id, lanes.at(-1)?.id])].join(',');
}

function times(count: number): string {
  return count > 1 ? ` ×${count}` : '';
}

/** A time span as people read it, from ms. */
export function duration(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Letters, digits and harmless signs stay; anything that could end a statement or begin markup becomes its number. */
function escaped(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[^\p{L}\p{N}\p{M} .,_()/+=?!'×·–…-]/gu, (sign) => `#${sign.codePointAt(0) ?? 0};`);
}
