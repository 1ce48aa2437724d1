import { describe, expect, it } from 'vitest';
import { duration, toMermaid } from './trace-mermaid.ts';
import { BOB, DOWN, entry, traceOf, UP } from './testing/trace-samples.ts';

const linesOf = (...parameters: Parameters<typeof toMermaid>) =>
  toMermaid(...parameters)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.slice(2));

describe('a diagram as Mermaid text', () => {
  it('writes requests, answers, messages that expect none, and what a party saw of itself', () => {
    const trace = traceOf([
      entry(0, 'BA', 'startBroadcast', { durationMs: 30 }),
      entry(5, 'AM', 'create', { durationMs: 10, facts: { type: 'MediaPipeline' } }),
      entry(31, 'MA', 'MediaStateChanged', { kind: 'event' }),
      entry(32, 'BB', 'dtls-connected'),
    ]);
    expect(toMermaid(trace)).toBe(
      [
        'sequenceDiagram',
        '  participant browser as Browser',
        '  participant app as Application server',
        '  participant media as Media server',
        '  participant turn as TURN server',
        '  browser->>app: startBroadcast (Ada)',
        '  app->>media: create MediaPipeline (Ada, 10 ms)',
        '  app-->>browser: startBroadcast (Ada, 30 ms)',
        '  media-)app: MediaStateChanged (Ada)',
        '  Note over browser: dtls-connected (Ada)',
        '',
      ].join('\n'),
    );
  });

  it('shows what was lost, refused and sent again', () => {
    const trace = traceOf([
      entry(0, 'BA', 'watch', { outcome: 'lost', leg: null }),
      entry(1, 'AA', 'watch', { kind: 'gap', leg: null }),
      entry(2, 'BA', 'watch', { kind: 'retry', durationMs: 9, outcome: 'refused', leg: null }),
      entry(3, 'AM', 'processOffer', { outcome: 'refused', leg: null }),
    ]);
    expect(linesOf(trace, { times: false, onlyUsedLanes: true }).slice(3)).toEqual([
      'rect rgba(197, 48, 48, 0.2)',
      '  browser-xapp: watch (no answer)',
      'end',
      'rect rgba(197, 48, 48, 0.2)',
      '  Note over app: no answer: watch',
      'end',
      'rect rgba(197, 48, 48, 0.2)',
      '  browser->>app: again: watch',
      'end',
      'rect rgba(197, 48, 48, 0.2)',
      '  app->>media: processOffer (refused)',
      'end',
      'rect rgba(197, 48, 48, 0.2)',
      '  app--xbrowser: watch (refused)',
      'end',
    ]);
  });

  it('gives each browser its own lane when asked to, the sender first and the others last', () => {
    const trace = traceOf([
      entry(0, 'BA', 'startBroadcast'),
      entry(1, 'BA', 'watch', { leg: DOWN }),
      entry(2, 'BB', 'first-frame', { leg: DOWN }),
    ]);
    expect(linesOf(trace, { browsers: 'each', onlyUsedLanes: true, times: false })).toEqual([
      'participant browser1 as Browser of Ada',
      'participant app as Application server',
      'participant browser2 as Browser of Bob',
      'browser1->>app: startBroadcast',
      'browser2->>app: watch',
      'Note over browser2: first-frame',
    ]);
  });

  it('lets no name end a statement, begin markup or be taken for a keyword', () => {
    const name = 'end;\n"#x" <b>%%{init}%%: Note';
    const facts = { status: { state: 'confirmed', step: 'confirmed', cause: null } } as const;
    const leg = { ...facts, steps: [], diagnosis: null, relayed: null, browserPair: null, roundTripMs: null };
    const trace = traceOf(
      [
        entry(0, 'BA', name, { leg: { kind: 'up', participant: UP.participant } }),
        entry(1, 'BB', name, { leg: { kind: 'down', participant: BOB } }),
      ],
      {
        legs: [
          { ...leg, leg: UP, participantName: name },
          { ...leg, leg: DOWN, participantName: 'end' },
        ],
      },
    );
    const [lane, , , arrow] = linesOf(trace, { browsers: 'each', onlyUsedLanes: true });
    const harmless = 'end#59; #34;#35;x#34; #60;b#62;#37;#37;#123;init#125;#37;#37;#58; Note';
    expect(lane).toBe(`participant browser1 as Browser of ${harmless}`);
    expect(arrow).toBe(`browser1->>app: ${harmless} (1.0 ms)`);
  });

  it('folds long silence into one note across all lanes, and counts what came in a swarm', () => {
    const trace = traceOf(
      [
        entry(0, 'BA', 'addCandidate', { leg: null, number: 4 }),
        entry(1, 'BA', 'addCandidate', { leg: null, number: 5, durationMs: 4 }),
        entry(754_001, 'BB', 'failed', { leg: null, number: 6 }),
      ],
      { dropped: 3 },
    );
    expect(linesOf(trace).slice(4)).toEqual([
      'Note over browser,turn: 3 entries are not kept any more',
      'browser->>app: addCandidate ×2 (4.0 ms)',
      'Note over browser,turn: 12 min 34 s without a message',
      'rect rgba(197, 48, 48, 0.2)',
      '  Note over browser: failed',
      'end',
    ]);
  });
});

it('writes a time span with as many digits as a person needs', () => {
  expect([0.04, 9.94, 9.96, 999.4, 999.6, 59_949, 59_951, 3_599_400, 3_599_600].map(duration)).toEqual([
    '0.0 ms',
    '9.9 ms',
    '10 ms',
    '999 ms',
    '1.0 s',
    '59.9 s',
    '1 min 0 s',
    '59 min 59 s',
    '1 h 0 min',
  ]);
});
