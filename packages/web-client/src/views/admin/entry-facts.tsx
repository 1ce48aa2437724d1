// What a row of the diagram stands for: the facts of each of its entries.
import {
  duration,
  LANE_TITLES,
  type AnswerRow,
  type ArrowRow,
  type NoteRow,
  type TraceEntry,
} from '@parley/protocol';
import { timeOfDay } from '../format.ts';

/** Of a swarm, this many are told one by one. */
const MOST_SHOWN = 40;

export function EntryFacts({ id, row }: { id: string; row: ArrowRow | AnswerRow | NoteRow }) {
  const { entries, who } = row;
  const left = entries.length - MOST_SHOWN;
  return (
    <div id={id} className="entry-facts">
      {entries.slice(0, MOST_SHOWN).map((entry) => (
        <dl key={entry.number} className="facts">
          {factsOf(entry, who).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      ))}
      {left > 0 && <p>… and {left} more: they are in the download.</p>}
    </div>
  );
}

function factsOf(entry: TraceEntry, who: string | undefined): [string, string][] {
  const { at, from, to, kind, outcome, durationMs, leg, facts } = entry;
  const legName = leg && [leg.kind, who].filter(Boolean).join(', ');
  return [
    ['Time', timeOfDay(at)],
    from === to ? ['Seen by', LANE_TITLES[from]] : ['Way', `${LANE_TITLES[from]} → ${LANE_TITLES[to]}`],
    ['Kind', kind],
    ...(outcome === null ? [] : [['Outcome', outcome] as [string, string]]),
    ...(durationMs === null ? [] : [['Took', duration(durationMs)] as [string, string]]),
    ...(legName ? [['Leg', legName] as [string, string]] : []),
    ...Object.entries(facts).map(([name, value]): [string, string] => [name, String(value)]),
  ];
}
