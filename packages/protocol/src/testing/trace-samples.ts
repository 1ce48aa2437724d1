// Traces for the tests of what is drawn of them. Not part of the product.
import { ParticipantId, RoomId } from '../ids.ts';
import type { SessionTrace, TraceEntry, TraceLeg } from '../trace.ts';

export const ADA = ParticipantId.parse('participant-ada');
export const BOB = ParticipantId.parse('participant-bob');
export const STARTED_AT = 1_800_000_000_000;
export const UP: TraceLeg = { kind: 'up', participant: ADA };
export const DOWN: TraceLeg = { kind: 'down', participant: BOB };

const PARTIES = { B: 'browser', A: 'app-server', M: 'media-server', T: 'turn-server' } as const;
type Ends = `${keyof typeof PARTIES}${keyof typeof PARTIES}`;

/**
 * One entry. `ends` are the initials of its two parties, `at` is ms after the begin. Requests are answered within 1 ms if
 * not told otherwise.
 */
export function entry(at: number, ends: Ends, name: string, more: Partial<TraceEntry> = {}): TraceEntry {
  const [from, to] = [...ends].map((initial) => PARTIES[initial as keyof typeof PARTIES]);
  const kind = more.kind ?? (from === to ? 'state' : 'request');
  const answered = kind === 'request' || kind === 'retry';
  return {
    number: Math.round(at * 10),
    at: STARTED_AT + at,
    durationMs: answered && more.outcome !== 'lost' ? 1 : null,
    from: from ?? 'browser',
    to: to ?? 'browser',
    kind,
    name,
    outcome: answered ? 'ok' : null,
    leg: UP,
    facts: {},
    ...more,
  };
}

/** Ada's camera, which Bob watches. */
export function traceOf(entries: TraceEntry[], more: Partial<SessionTrace> = {}): SessionTrace {
  const status = { state: 'confirmed', step: 'confirmed', cause: null } as const;
  const facts = { status, steps: [], diagnosis: null, relayed: null, browserPair: null, roundTripMs: null };
  return {
    id: 'session-1',
    kind: 'camera',
    room: RoomId.parse('room-0123456789abcdef'),
    participantName: 'Ada',
    startedAt: STARTED_AT,
    endedAt: null,
    verdict: { level: 'good', text: 'Everybody receives it: 1 of 1 viewers confirmed.' },
    legs: [
      { leg: UP, participantName: 'Ada', ...facts },
      { leg: DOWN, participantName: 'Bob', ...facts },
    ],
    entries,
    dropped: 0,
    findings: [],
    ...more,
  };
}
