// The sequence diagram: four lanes whose heads stay in sight, one row per message or state; pressing a row shows its facts.
import { useId, useMemo, useState } from 'react';
import {
  diagramOf,
  duration,
  LANE_TITLES,
  TRACE_PARTIES,
  type AnswerRow,
  type ArrowRow,
  type DiagramRow,
  type NoteRow,
  type SessionTrace,
  type TraceParty,
} from '@parley/protocol';
import { EntryFacts } from './entry-facts.tsx';
import { keyOf, titleOf } from './session-words.ts';

export function Sequence({ trace }: { trace: SessionTrace }) {
  const [shown, setShown] = useState('all');
  const [open, setOpen] = useState<string>();
  const heading = useId();
  const { legs } = trace;
  const diagram = useMemo(() => {
    // A leg that is gone with its viewer takes the choice along.
    if (!legs.some((leg) => keyOf(leg) === shown)) return diagramOf(trace);
    const entries = trace.entries.filter(({ leg }) => leg === null || keyOf({ leg }) === shown);
    return diagramOf({ ...trace, entries });
  }, [trace, legs, shown]);
  const several = legs.length > 1;
  return (
    <section className="sequence" aria-labelledby={heading}>
      <div className="sequence-head">
        <h2 id={heading}>Messages</h2>
        {several && (
          <select
            aria-label="Whose messages are shown"
            value={shown}
            onChange={(event) => setShown(event.target.value)}
          >
            <option value="all">Of all legs</option>
            {legs.map((leg) => (
              <option key={keyOf(leg)} value={keyOf(leg)}>
                {titleOf(leg)}
              </option>
            ))}
          </select>
        )}
      </div>
      <div className="lanes">
        <div className="lane-heads" aria-hidden="true">
          <span className="lane-time" />
          {diagram.lanes.map(({ party, title }) => (
            <span key={party} className="lane-head">
              {title}
            </span>
          ))}
        </div>
        {diagram.rows.length === 0 && <p className="admin-about">No message yet.</p>}
        <ol className="rows">
          {diagram.rows.map((row) => (
            <Row
              key={row.key}
              row={row}
              tellsWho={several && shown === 'all'}
              open={open === row.key}
              onToggle={() => setOpen(open === row.key ? undefined : row.key)}
            />
          ))}
        </ol>
      </div>
    </section>
  );
}

interface RowProps {
  row: DiagramRow;
  tellsWho: boolean;
  open: boolean;
  onToggle: () => void;
}

function Row({ row, tellsWho, open, onToggle }: RowProps) {
  const facts = useId();
  if (row.type === 'idle') return <li className="row fold">{duration(row.ms)} without a message</li>;
  if (row.type === 'dropped') return <li className="row fold">{row.count} entries are not kept any more</li>;
  const place = placeOf(row);
  return (
    <li className={`row ${row.type} ${row.tone} ${open ? 'open' : ''}`}>
      <button
        type="button"
        className="row-button"
        aria-expanded={open}
        aria-controls={open ? facts : undefined}
        onClick={onToggle}
      >
        <span className="row-time">{offset(row.offsetMs)}</span>
        <span className="visually-hidden">{spoken(row)}: </span>
        <span className={`row-place ${place}`}>
          <span className="row-words">
            <span className="row-label">{labelOf(row)}</span>
            {row.entries.length > 1 && <span className="row-more"> ×{row.entries.length}</span>}
            {besides(row, tellsWho).map((word) => (
              <span key={word} className="row-more">
                {' · '}
                <span className="row-word">{word}</span>
              </span>
            ))}
          </span>
          {row.type !== 'note' && <Shaft row={row} />}
        </span>
      </button>
      {open && <EntryFacts id={facts} row={row} />}
    </li>
  );
}

/** Whose leg it is, what became of it, and how long it took. */
function besides(row: ArrowRow | AnswerRow | NoteRow, tellsWho: boolean): string[] {
  const said = row.type !== 'note';
  return [
    tellsWho && row.who,
    said && row.tone === 'lost' && 'no answer',
    said && row.tone === 'trouble' && row.entries[0]?.outcome === 'refused' && 'refused',
    said && row.durationMs !== null && duration(row.durationMs),
  ].filter((word) => typeof word === 'string');
}

/** The arrow's line with its head; a cross in the head's place when it did not get through. */
function Shaft({ row }: { row: ArrowRow | AnswerRow }) {
  const towards = lane(row.to) > lane(row.from) ? 'right' : 'left';
  return (
    <span className={`shaft ${towards}`} aria-hidden="true">
      <svg className="shaft-head" viewBox="0 0 12 12" focusable="false">
        {row.tone === 'lost' ? <path d="M2 2l8 8M10 2l-8 8" /> : <path d="M3 1l7 5-7 5" />}
      </svg>
    </span>
  );
}

function lane(party: TraceParty): number {
  return TRACE_PARTIES.indexOf(party);
}

/** The columns that a row takes, as a class: `lanes-0-2` for an arrow, `at-1` for a note. */
function placeOf(row: ArrowRow | AnswerRow | NoteRow): string {
  if (row.type === 'note') return `at-${lane(row.at)}`;
  const [from, to] = [lane(row.from), lane(row.to)];
  return `lanes-${Math.min(from, to)}-${Math.max(from, to)}`;
}

function labelOf(row: ArrowRow | AnswerRow | NoteRow): string {
  const kind = row.entries[0]?.kind;
  if (row.type === 'answer') return row.label;
  if (kind === 'retry') return `again: ${row.label}`;
  if (kind === 'remedy') return `remedy: ${row.label}`;
  return kind === 'gap' ? `no answer: ${row.label}` : row.label;
}

/** What the place of the row says to the eye. */
function spoken(row: ArrowRow | AnswerRow | NoteRow): string {
  if (row.type === 'note') return LANE_TITLES[row.at];
  const ends = `${LANE_TITLES[row.from]} to ${LANE_TITLES[row.to]}`;
  return row.type === 'answer' ? `${ends}, answer` : ends;
}

function offset(ms: number): string {
  return `${(ms / 1_000).toFixed(3)} s`;
}
