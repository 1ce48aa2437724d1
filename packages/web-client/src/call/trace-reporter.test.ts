import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { JsonRpcError, MAX_REPORTED_EVENTS, NoAnswerError, ReportedEvent, type Leg } from '@parley/protocol';
import { streamId } from './testing.ts';
import type { LegEvent } from './leg-trace.ts';
import { MOST_KEPT, TRACE_PAUSE_MS, TRACE_RETRY_MS, TraceReporter } from './trace-reporter.ts';

const UP: Leg = { kind: 'up', stream: streamId('mine') };
const DOWN: Leg = { kind: 'down', stream: streamId('theirs') };
const state = (name: string, facts: LegEvent['facts'] = {}): LegEvent => ({ kind: 'state', name, facts });

let sent: { leg: Leg; events: ReportedEvent[] }[];
let answer: () => Promise<unknown>;
let reporter: TraceReporter;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  answer = async () => ({});
  reporter = new TraceReporter((leg, events) => {
    sent.push({ leg, events });
    return answer();
  });
});

afterEach(() => {
  reporter.close();
  vi.useRealTimers();
});

const names = () => sent.map(({ events }) => events.map(({ name }) => name).join(' '));

it('tells in one report what happened within a second, and how long ago', async () => {
  reporter.trace(UP, state('offer-created'));
  await vi.advanceTimersByTimeAsync(400);
  reporter.trace(UP, state('ice-checking'));
  await vi.advanceTimersByTimeAsync(TRACE_PAUSE_MS);
  reporter.trace(UP, state('ice-connected'));
  await vi.advanceTimersByTimeAsync(TRACE_PAUSE_MS);
  expect(names()).toEqual(['offer-created ice-checking', 'ice-connected']);
  expect(sent[0]?.events.map(({ agoMs }) => agoMs)).toEqual([1_000, 600]);
});

it('reports each leg at most once a second, and none waits for another', async () => {
  for (let event = 0; event < 39; event++) {
    reporter.trace(UP, state('ice-checking'));
    reporter.trace(DOWN, state('ice-checking'));
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(sent.filter(({ leg }) => leg === UP)).toHaveLength(3);
  expect(sent.filter(({ leg }) => leg === DOWN)).toHaveLength(3);
});

it('divides what is more than a report may hold', async () => {
  for (let event = 0; event < MAX_REPORTED_EVENTS + 1; event++) reporter.trace(UP, state(`event ${event}`));
  await vi.advanceTimersByTimeAsync(2 * TRACE_PAUSE_MS);
  expect(sent.map(({ events }) => events.length)).toEqual([MAX_REPORTED_EVENTS, 1]);
});

it('keeps what it could not tell while the server was away, but not without end', async () => {
  answer = () => Promise.reject(NoAnswerError.closed('reportTrace', 'connection-lost'));
  for (let event = 0; event < MOST_KEPT + 10; event++) reporter.trace(UP, state(`event ${event}`));
  await vi.advanceTimersByTimeAsync(5 * TRACE_RETRY_MS);
  sent = [];
  answer = async () => ({});
  await vi.advanceTimersByTimeAsync(TRACE_RETRY_MS + 10 * TRACE_PAUSE_MS);
  const told = sent.flatMap(({ events }) => events.map(({ name }) => name));
  expect(told).toHaveLength(MOST_KEPT);
  expect([told[0], told.at(-1)]).toEqual(['event 10', `event ${MOST_KEPT + 9}`]);
});

it('does not tell twice what happened while a report was under way', async () => {
  let arrive: (value: unknown) => void = () => undefined;
  answer = () => new Promise((resolve) => (arrive = resolve));
  reporter.trace(UP, state('first'));
  await vi.advanceTimersByTimeAsync(TRACE_PAUSE_MS);
  reporter.trace(UP, state('second'));
  await vi.advanceTimersByTimeAsync(10 * TRACE_PAUSE_MS);
  expect(names()).toEqual(['first']);
  arrive({});
  await vi.advanceTimersByTimeAsync(TRACE_PAUSE_MS);
  expect(names()).toEqual(['first', 'second']);
});

it('forgets what the server refuses, and goes on with what comes later', async () => {
  answer = () => Promise.reject(new JsonRpcError(-32000, 'unknown stream'));
  reporter.trace(UP, state('first'));
  await vi.advanceTimersByTimeAsync(10 * TRACE_RETRY_MS);
  expect(names()).toEqual(['first']);
  answer = async () => ({});
  reporter.trace(UP, state('second'));
  await vi.advanceTimersByTimeAsync(TRACE_PAUSE_MS);
  expect(names()).toEqual(['first', 'second']);
});

it('forgets what is older than the server takes', async () => {
  answer = () => Promise.reject(NoAnswerError.closed('reportTrace', 'connection-lost'));
  reporter.trace(UP, state('old'));
  await vi.advanceTimersByTimeAsync(3_590_000);
  reporter.trace(UP, state('young'));
  await vi.advanceTimersByTimeAsync(15_000);
  sent = [];
  answer = async () => ({});
  await vi.advanceTimersByTimeAsync(TRACE_RETRY_MS);
  expect(names()).toEqual(['young']);
});

it('calls states by the names of the trace', async () => {
  reporter.trace(UP, state('iceGatheringState', { state: 'gathering' }));
  reporter.trace(UP, state('iceConnectionState', { state: 'connected' }));
  reporter.trace(UP, state('dtlsState', { state: 'failed', why: 'alert' }));
  reporter.trace(UP, state('selectedPair', { localType: 'relay' }));
  await vi.advanceTimersByTimeAsync(TRACE_PAUSE_MS);
  expect(sent[0]?.events.map(({ name, facts }) => ({ name, facts }))).toEqual([
    { name: 'gathering', facts: {} },
    { name: 'ice-connected', facts: {} },
    { name: 'dtls-failed', facts: { why: 'alert' } },
    { name: 'selected-pair', facts: { localType: 'relay' } },
  ]);
});

it('shortens what would be refused for its length', async () => {
  const facts = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [`fact ${index}`, 'x'.repeat(300)]),
  );
  reporter.trace(UP, state('n'.repeat(100), facts));
  await vi.advanceTimersByTimeAsync(TRACE_PAUSE_MS);
  expect(sent[0]?.events.map((event) => ReportedEvent.safeParse(event).success)).toEqual([true]);
});

it('says nothing once it is closed', async () => {
  reporter.trace(UP, state('first'));
  reporter.close();
  reporter.trace(UP, state('second'));
  await vi.advanceTimersByTimeAsync(TRACE_PAUSE_MS);
  expect(sent).toEqual([]);
});
