import { describe, expect, it } from 'vitest';
import { diagramOf, type DiagramRow } from './trace-diagram.ts';
import { DOWN, entry, traceOf, UP } from './testing/trace-samples.ts';

const rowsOf = (...entries: Parameters<typeof traceOf>[0]) => diagramOf(traceOf(entries)).rows;
const inShort = (rows: readonly DiagramRow[]) =>
  rows.map((row) => {
    if (row.type === 'idle') return `idle ${row.ms}`;
    if (row.type === 'dropped') return `dropped ${row.count}`;
    return `${row.type} ${row.label}${row.entries.length > 1 ? ` x${row.entries.length}` : ''}`;
  });

describe('the rows of a diagram', () => {
  it('has four lanes, also when nothing happened in them', () => {
    expect(diagramOf(traceOf([])).lanes.map(({ title }) => title)).toEqual([
      'Browser',
      'Application server',
      'Media server',
      'TURN server',
    ]);
  });

  it('orders entries by time, and those of one moment by their number', () => {
    const late = entry(20, 'BA', 'late');
    const rows = rowsOf(
      late,
      entry(5, 'BA', 'second', { number: 9, durationMs: 0 }),
      entry(5, 'BA', 'first', { number: 2, durationMs: 0 }),
    );
    expect(inShort(rows)).toEqual(['arrow first', 'arrow second', 'arrow late']);
  });

  it('gives a request that brackets others an answer of its own, after them', () => {
    const rows = rowsOf(
      entry(0, 'BA', 'startBroadcast', { durationMs: 30 }),
      entry(5, 'AM', 'create', { durationMs: 10, facts: { type: 'MediaPipeline' } }),
      entry(16, 'AM', 'processOffer', { durationMs: 4 }),
    );
    expect(inShort(rows)).toEqual([
      'arrow startBroadcast',
      'arrow create MediaPipeline',
      'arrow processOffer',
      'answer startBroadcast',
    ]);
    expect(rows[0]).toMatchObject({ answeredLater: true, durationMs: null, who: 'Ada' });
    expect(rows[1]).toMatchObject({ answeredLater: false, durationMs: 10 });
    expect(rows[3]).toMatchObject({ from: 'app-server', to: 'browser', durationMs: 30, offsetMs: 30 });
  });

  it('puts the answers of interlocked requests in the order in which they came', () => {
    const rows = rowsOf(
      entry(0, 'BA', 'outer', { durationMs: 20 }),
      entry(1, 'AM', 'inner', { durationMs: 30 }),
      entry(2, 'MM', 'seen'),
    );
    expect(inShort(rows)).toEqual([
      'arrow outer',
      'arrow inner',
      'note seen',
      'answer outer',
      'answer inner',
    ]);
  });

  it('makes one row of candidates that go both ways through each other', () => {
    const swarm = [1, 2, 3].flatMap((at) => [
      entry(at, 'BA', 'addCandidate'),
      entry(at + 0.1, 'AM', 'addIceCandidate'),
      entry(at + 0.2, 'MA', 'IceCandidateFound', { kind: 'event' }),
    ]);
    const rows = rowsOf(...swarm, entry(9, 'BB', 'ice-connected'), entry(10, 'BA', 'addCandidate'));
    expect(inShort(rows)).toEqual([
      'arrow addCandidate x3',
      'arrow addIceCandidate x3',
      'arrow IceCandidateFound x3',
      'note ice-connected',
      'arrow addCandidate',
    ]);
    expect(rows[0]).toMatchObject({ offsetMs: 1, untilMs: 3 });
  });

  it('keeps the candidates of two legs apart, and refused ones from accepted ones', () => {
    const rows = rowsOf(
      entry(1, 'BA', 'addCandidate'),
      entry(2, 'BA', 'addCandidate', { leg: DOWN }),
      entry(3, 'BA', 'addCandidate', { outcome: 'refused' }),
      entry(4, 'BA', 'addCandidate'),
    );
    expect(rows.map((row) => ('who' in row ? [row.who, row.tone, row.entries.length] : []))).toEqual([
      ['Ada', 'plain', 2],
      ['Bob', 'plain', 1],
      ['Ada', 'trouble', 1],
    ]);
  });

  it('joins what is said again and again, and not what only has the same name', () => {
    const rows = rowsOf(
      entry(1, 'AM', 'invoke'),
      entry(2, 'AM', 'invoke'),
      entry(3, 'AM', 'create', { facts: { type: 'MediaPipeline' } }),
      entry(4, 'AM', 'create', { facts: { type: 'WebRtcEndpoint' } }),
      entry(5, 'AM', 'invoke'),
    );
    expect(inShort(rows)).toEqual([
      'arrow invoke x2',
      'arrow create MediaPipeline',
      'arrow create WebRtcEndpoint',
      'arrow invoke',
    ]);
  });

  it('marks what was lost, refused, sent again or repaired', () => {
    const rows = rowsOf(
      entry(0, 'BA', 'watch', { outcome: 'lost' }),
      entry(1, 'AA', 'no answer in time', { kind: 'gap' }),
      entry(2, 'BA', 'watch', { kind: 'retry' }),
      entry(3, 'AM', 'processOffer', { outcome: 'refused' }),
      entry(4, 'BB', 'ice-restart', { kind: 'remedy' }),
      entry(5, 'BB', 'ice-failed'),
      entry(6, 'MA', 'IceComponentStateChanged', { kind: 'event', facts: { state: 'FAILED' } }),
      entry(7, 'BB', 'ice-disconnected'),
      entry(8, 'BB', 'first-frame'),
    );
    expect(rows.map((row) => ('tone' in row ? row.tone : row.type))).toEqual([
      'lost',
      'lost',
      'attention',
      'trouble',
      'attention',
      'trouble',
      'trouble',
      'attention',
      'good',
    ]);
  });

  it('folds the time in which nothing happens, counted from the last of a swarm', () => {
    const rows = rowsOf(
      entry(0, 'BA', 'reportLeg'),
      entry(60_000, 'BA', 'reportLeg'),
      entry(61_999, 'BB', 'one'),
      entry(63_999, 'BB', 'two'),
    );
    expect(inShort(rows)).toEqual(['arrow reportLeg x2', 'note one', 'idle 2000', 'note two']);
  });

  it('says where entries are not kept any more: at the begin, or behind the first ones', () => {
    const numbered = (at: number, number: number) => entry(at, 'BB', `number ${number}`, { number });
    const begin = diagramOf(traceOf([numbered(1, 8), numbered(2, 9)], { dropped: 7 }));
    expect(inShort(begin.rows)).toEqual(['dropped 7', 'note number 8', 'note number 9']);
    // Told late by a browser, and so with a higher number than what came after it.
    const middle = [numbered(1, 1), numbered(2, 3), numbered(3, 2), numbered(9, 13), numbered(8, 14)];
    expect(inShort(diagramOf(traceOf(middle, { dropped: 9 })).rows)).toEqual([
      'note number 1',
      'note number 3',
      'note number 2',
      'dropped 9',
      'note number 14',
      'note number 13',
    ]);
  });

  it('does not guess whose a leg of nobody known is', () => {
    const [row] = rowsOf(entry(9, 'BA', 'requestTest', { leg: { kind: 'testRecord', participant: null } }));
    expect(row).toMatchObject({ who: undefined });
  });

  it('gives a row the same key when the trace has grown', () => {
    const before = [
      entry(0, 'BA', 'addCandidate', { leg: UP }),
      entry(1, 'BA', 'startBroadcast', { durationMs: 5 }),
    ];
    const keys = (rows: readonly DiagramRow[]) => rows.map(({ key }) => key);
    expect(keys(rowsOf(...before, entry(2, 'AM', 'create')))).toEqual(
      expect.arrayContaining(keys(rowsOf(...before))),
    );
  });
});
