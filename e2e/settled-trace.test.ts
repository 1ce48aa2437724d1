// That the document of session-establishment.test.ts does not depend on what happens to come first.
import type { SessionTrace, TraceEntry } from '@parley/protocol';
import { expect, it } from 'vitest';
import { settled } from './src/establishment/settled-trace.ts';

const PARTIES = { B: 'browser', A: 'app-server', M: 'media-server', T: 'turn-server' } as const;

function entry(at: number, ends: string, name: string, more: Partial<TraceEntry> = {}): TraceEntry {
  const [from = 'browser', to = 'browser'] = [...ends].map((end) => PARTIES[end as keyof typeof PARTIES]);
  const kind = more.kind ?? (from === to ? 'state' : 'request');
  const durationMs = kind === 'request' ? 1 : null;
  const outcome = kind === 'request' ? 'ok' : null;
  return { number: at, at, durationMs, from, to, kind, name, outcome, leg: null, facts: {}, ...more };
}

const event = { kind: 'event' } as const;

function orderOf(entries: TraceEntry[]): string[] {
  const trace = { startedAt: 0, entries, legs: [], dropped: 0 } as unknown as SessionTrace;
  return settled(trace, () => true).entries.map(({ name, durationMs }) =>
    `${name} ${durationMs ?? ''}`.trim(),
  );
}

const EXPECTED = [
  'requestBroadcast 1',
  'startBroadcast 3',
  'create 0',
  'processOffer 0',
  'addCandidate 0',
  'addIceCandidate 0',
  'candidate',
  'ice-connected',
  'IceComponentStateChanged',
  'stopBroadcast 2',
  'release 0',
];

it('puts what runs beside behind the answer that it needs, whenever it came', () => {
  const spine = [
    entry(1, 'BA', 'requestBroadcast'),
    entry(10, 'BA', 'startBroadcast', { durationMs: 20 }),
    entry(12, 'AM', 'create'),
    entry(14, 'AM', 'processOffer'),
    entry(90, 'BA', 'stopBroadcast', { durationMs: 5 }),
    entry(91, 'AM', 'release'),
  ];
  const connected = { ...event, facts: { state: 'CONNECTED' } };
  const early = [
    entry(11, 'BA', 'addCandidate'),
    entry(13, 'BA', 'addCandidate'),
    entry(15, 'AM', 'addIceCandidate'),
    entry(16, 'AB', 'candidate', event),
    entry(17, 'BB', 'ice-connected'),
    entry(18, 'MA', 'IceComponentStateChanged', connected),
  ];
  const late = [
    entry(40, 'MA', 'IceComponentStateChanged', connected),
    entry(41, 'BB', 'ice-connected'),
    entry(42, 'AB', 'candidate', event),
    entry(43, 'AM', 'addIceCandidate'),
    entry(44, 'BA', 'addCandidate', { outcome: 'refused' }),
  ];
  expect(orderOf([...spine, ...early])).toEqual(EXPECTED);
  expect(orderOf([...late, ...spine])).toEqual(EXPECTED);
});

it('leaves out what comes by chance', () => {
  const chance = [
    entry(2, 'BA', 'ping'),
    entry(3, 'BA', 'reportLeg', { facts: { state: 'confirmed' } }),
    entry(4, 'BB', 'ice-disconnected'),
    entry(5, 'MA', 'IceComponentStateChanged', { ...event, facts: { state: 'DISCONNECTED' } }),
    entry(6, 'BA', 'watch', { kind: 'retry' }),
    entry(7, 'AA', 'overdue', { kind: 'gap' }),
  ];
  expect(orderOf([entry(1, 'BA', 'watch'), ...chance])).toEqual(['watch 1']);
});

it('refuses what nobody has said where it belongs', () => {
  expect(() => orderOf([entry(1, 'MA', 'SomethingNew', { ...event, facts: { state: 'ODD' } })])).toThrow(
    'does not know where these belong: SomethingNew ODD',
  );
});
