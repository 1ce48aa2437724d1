// How an entry of a trace is written into an OpenTelemetry span and read out of it again.
import type { Attributes } from '@opentelemetry/api';
import type { TraceEntry, TraceFacts, TraceLeg, TraceParty } from '@parley/protocol';
import { safeFacts, type Facts } from './facts.ts';

export interface NewEntry {
  readonly from: TraceParty;
  /** The same as `from`: something seen there. */
  readonly to: TraceParty;
  readonly kind: TraceEntry['kind'];
  readonly name: string;
  readonly leg: TraceLeg | null;
  readonly facts?: Facts;
}

export type Outcome = Exclude<TraceEntry['outcome'], null>;

const FACT = 'parley.fact.';

const MAX_NAME_LENGTH = 64;

/** @param outcome undefined: nothing that is answered */
export function attributesOf(session: string, entry: NewEntry, outcome?: Outcome): Attributes {
  const { from, to, kind, leg, facts } = entry;
  return {
    'parley.session': session,
    'parley.from': from,
    'parley.to': to,
    'parley.kind': kind,
    ...(leg ? { 'parley.leg': leg.kind } : {}),
    ...(leg?.participant == null ? {} : { 'parley.participant': leg.participant }),
    ...(outcome ? { 'parley.outcome': outcome } : {}),
    ...factAttributes(facts ?? {}),
  };
}

export function factAttributes(facts: Facts): Attributes {
  return Object.fromEntries(Object.entries(safeFacts(facts)).map(([name, value]) => [FACT + name, value]));
}

export function outcomeAttributes(outcome: Outcome, facts: Facts): Attributes {
  return { 'parley.outcome': outcome, ...factAttributes(facts) };
}

export function factsIn(attributes: Attributes): TraceFacts {
  const facts: TraceFacts = {};
  for (const [name, value] of Object.entries(attributes))
    if (name.startsWith(FACT) && value !== undefined && !Array.isArray(value))
      facts[name.slice(FACT.length)] = value;
  return facts;
}

/** Undefined: no entry of a trace. */
export function entryIn(
  name: string,
  attributes: Attributes,
  at: number,
): { session: string; entry: Omit<TraceEntry, 'number'> } | undefined {
  const session = attributes['parley.session'];
  if (typeof session !== 'string' || attributes['parley.from'] === undefined) return undefined;
  const kind = attributes['parley.leg'];
  const entry = {
    at,
    durationMs: null,
    from: attributes['parley.from'],
    to: attributes['parley.to'],
    kind: attributes['parley.kind'],
    name: name.slice(0, MAX_NAME_LENGTH),
    outcome: attributes['parley.outcome'] ?? null,
    leg: kind === undefined ? null : { kind, participant: attributes['parley.participant'] ?? null },
    facts: factsIn(attributes),
  } as Omit<TraceEntry, 'number'>;
  return { session, entry };
}

export function outcomeIn(attributes: Attributes): TraceEntry['outcome'] {
  return (attributes['parley.outcome'] as Outcome | undefined) ?? null;
}
