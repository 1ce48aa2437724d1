// The bounds of what is kept: entries of a session, sessions, memory.
import { RoomId, type SessionKind, type TraceEntry } from '@parley/protocol';
import { expect, it } from 'vitest';
import { EntryList } from './entry-list.ts';
import { TRACE_LIMITS, TraceStore, type TraceLimits } from './trace-store.ts';
import { TracedSession, type LegReport } from './traced-session.ts';

const LIMITS: TraceLimits = { entries: 10, firstEntries: 3, sessions: 3, bytes: 1_000_000 };

const entry = (at: number, facts: TraceEntry['facts'] = {}): Omit<TraceEntry, 'number'> => ({
  at,
  durationMs: null,
  from: 'browser',
  to: 'app-server',
  kind: 'request',
  name: 'watch',
  outcome: 'pending',
  leg: null,
  facts,
});

interface Whose {
  room?: RoomId;
  participant?: string;
  legs?: LegReport[];
  now?: number;
}

const ROOM = RoomId.parse('room-of-some');
const OTHER_ROOM = RoomId.parse('room-of-others');

const DAY_MS = 86_400_000;

const FAILED_LEG: LegReport = {
  leg: { kind: 'up', participant: null },
  participantName: null,
  status: { state: 'failed', step: 'negotiated', cause: 'no-candidate-pair' },
  steps: [],
  endpoint: undefined,
};

function storeWith(limits: TraceLimits, ...ids: string[]) {
  const store = new TraceStore(limits);
  const put = (id: string, kind: SessionKind = 'camera', whose: Whose = {}) => {
    const { room = null, participant = 'p', legs = [], now = 0 } = whose;
    const begin = { id, kind, room, participant: { id: participant, name: null }, legs: () => legs };
    const session = new TracedSession(begin, limits, now, 0);
    store.put(session);
    return session;
  };
  return { store, put, sessions: ids.map((id) => put(id)) };
}

const ids = (store: TraceStore) => store.all().map(({ id }) => id);

it('keeps how a session began and what came last, and counts what is gone from between', () => {
  const list = new EntryList(LIMITS);
  for (let at = 1; at <= 100; at++) list.add(entry(at));
  expect(list.all().map(({ number }) => number)).toEqual([1, 2, 3, 94, 95, 96, 97, 98, 99, 100]);
  expect(list.dropped).toBe(90);
});

it('lists by time, whenever they were told: a browser reports late', () => {
  const list = new EntryList(LIMITS);
  for (const at of [5, 9, 7, 7]) list.add(entry(at));
  expect(list.all().map(({ at, number }) => [at, number])).toEqual([
    [5, 1],
    [7, 3],
    [7, 4],
    [9, 2],
  ]);
});

it('completes a request among the first and among the last, and ignores one that is gone', () => {
  const list = new EntryList(LIMITS);
  for (let at = 1; at <= 20; at++) list.add(entry(at));
  const end = { durationMs: 4, outcome: 'ok', facts: { reason: 'x'.repeat(100) } } as const;
  const before = list.bytes;
  for (const number of [2, 19, 7]) list.complete(number, end);
  expect(
    list
      .all()
      .filter(({ outcome }) => outcome === 'ok')
      .map(({ number }) => number),
  ).toEqual([2, 19]);
  expect(list.bytes).toBeGreaterThan(before + 200);
});

it('weighs nothing once everything is dropped', () => {
  const list = new EntryList(LIMITS);
  for (let at = 1; at <= 20; at++) list.add(entry(at, { cause: 'dtls-failed' }));
  for (let time = 0; time < 20; time++) list.dropHalf();
  expect([list.bytes, list.all(), list.dropped]).toEqual([0, [], 20]);
});

it('lets the oldest session that has ended make way, and only without one the oldest', () => {
  const { store, put, sessions } = storeWith(LIMITS, 'a', 'b', 'c');
  sessions[1]?.end(1);
  put('d');
  expect(ids(store)).toEqual(['a', 'c', 'd']);
  put('e');
  expect(ids(store)).toEqual(['c', 'd', 'e']);
});

it('keeps what others left, however often a participant begins and ends a stream', () => {
  const { store, put } = storeWith({ ...LIMITS, sessions: 6 });
  put('elsewhere', 'camera', { room: OTHER_ROOM, participant: 'far' }).end(1);
  put('neighbour', 'camera', { room: ROOM, participant: 'near' }).end(1);
  for (let n = 1; n <= 50; n++) put(`again-${n}`, 'camera', { room: ROOM, participant: 'looping' }).end(1);
  expect(ids(store)).toEqual(['elsewhere', 'neighbour', 'again-47', 'again-48', 'again-49', 'again-50']);
});

it('keeps what other rooms left, however many participants of one room begin and end streams', () => {
  const { store, put } = storeWith({ ...LIMITS, sessions: 6 });
  for (const id of ['elsewhere-1', 'elsewhere-2'])
    put(id, 'camera', { room: OTHER_ROOM, participant: 'far' }).end(1);
  for (let n = 1; n <= 50; n++) put(`new-${n}`, 'camera', { room: ROOM, participant: `guest-${n}` }).end(1);
  expect(ids(store)).toEqual(['elsewhere-1', 'elsewhere-2', 'new-47', 'new-48', 'new-49', 'new-50']);
});

it('keeps a meeting of today rather than many small ones of long ago, and of those what failed the longest', () => {
  const { store, put } = storeWith({ ...LIMITS, sessions: 6 });
  put('old-failed', 'camera', { room: RoomId.parse('room-of-before-0'), legs: [FAILED_LEG] }).end(1);
  for (let n = 1; n <= 3; n++)
    put(`old-${n}`, 'camera', { room: RoomId.parse(`room-of-before-${n}`) }).end(1);
  const today = (n: number) => put(`today-${n}`, 'camera', { room: ROOM, participant: `${n}`, now: DAY_MS });
  for (let n = 1; n <= 5; n++) today(n).end(DAY_MS + 1);
  expect(ids(store)).toEqual(['old-failed', 'today-1', 'today-2', 'today-3', 'today-4', 'today-5']);
  today(6).end(DAY_MS + 1);
  expect(ids(store)).toEqual(['today-1', 'today-2', 'today-3', 'today-4', 'today-5', 'today-6']);
});

it('keeps what failed longer than what went well', () => {
  const { store, put } = storeWith(LIMITS);
  put('failed', 'camera', { legs: [FAILED_LEG] }).end(1);
  for (const id of ['well-1', 'well-2', 'well-3', 'well-4']) put(id).end(1);
  expect(ids(store)).toEqual(['failed', 'well-3', 'well-4']);
});

it('takes the memory for a stream that lasts and tells much from its own room', () => {
  const limits = { ...TRACE_LIMITS, bytes: 100_000 };
  const { store, put } = storeWith(limits);
  put('elsewhere', 'camera', { room: OTHER_ROOM });
  for (let at = 0; at < 50; at++) store.add('elsewhere', entry(at));
  store.get('elsewhere')?.end(1);
  put('chatty', 'camera', { room: ROOM });
  for (let at = 0; at < 2_000; at++) store.add('chatty', entry(at, { reason: 'x'.repeat(200) }));
  expect(store.bytes).toBeLessThanOrEqual(limits.bytes);
  expect(store.get('elsewhere')?.entries.dropped).toBe(0);
  expect(store.get('chatty')?.entries.dropped).toBeGreaterThan(0);
});

it('tells once when a session is kept no longer, and nobody who has gone before', () => {
  const { store, put } = storeWith(LIMITS, 'a', 'b', 'c');
  const gone: string[] = [];
  store.onGone('a', () => gone.push('a'));
  const stop = store.onGone('a', () => gone.push('not told'));
  stop();
  put('d');
  put('e');
  expect(gone).toEqual(['a']);
});

it('stays within its memory: what has ended goes first, then the older half of the greatest', () => {
  const limits = { ...TRACE_LIMITS, bytes: 100_000 };
  const { store, sessions } = storeWith(limits, 'small', 'great', 'ended');
  sessions[2]?.end(1);
  store.add('ended', entry(1));
  for (let at = 0; at < 50; at++) store.add('small', entry(at));
  for (let at = 0; at < 5_000; at++) {
    store.add('great', entry(at, { reason: 'x'.repeat(200) }));
    expect(store.bytes).toBeLessThanOrEqual(limits.bytes);
  }
  expect(ids(store)).toEqual(['small', 'great']);
  expect(sessions[0]?.entries.dropped).toBe(0);
  expect(sessions[1]?.entries.dropped).toBeGreaterThan(0);
  // How it began is still there.
  expect(sessions[1]?.entries.all()[0]?.number).toBe(1);
});

it('keeps the streams however many tests are begun, and ended, by whoever likes', () => {
  const { store, put, sessions } = storeWith({ ...LIMITS, sessions: 8 }, 'a', 'b', 'c', 'd', 'e', 'f');
  for (const session of sessions) session.end(1);
  for (let n = 1; n <= 20; n++) put(`test-${n}`, 'test').end(1);
  expect(ids(store)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'test-19', 'test-20']);
});

it('keeps what streams left, however much is told of tests that last', () => {
  const limits = { ...TRACE_LIMITS, bytes: 100_000 };
  const { store, put, sessions } = storeWith(limits, 'stream');
  sessions[0]?.end(1);
  for (let at = 0; at < 50; at++) store.add('stream', entry(at));
  for (const id of ['test-1', 'test-2']) put(id, 'test');
  for (let at = 0; at < 2_000; at++)
    for (const id of ['test-1', 'test-2']) store.add(id, entry(at, { reason: 'x'.repeat(200) }));
  expect(store.bytes).toBeLessThanOrEqual(limits.bytes);
  expect(sessions[0]?.entries.dropped).toBe(0);
  expect(ids(store)).toContain('stream');
});

it('counts the memory right when sessions are replaced and forgotten', () => {
  const { store, put } = storeWith(LIMITS, 'a', 'b', 'c');
  for (const id of ['a', 'b', 'c']) store.add(id, entry(1));
  for (const id of ['a', 'x', 'y', 'z']) put(id);
  expect(store.bytes).toBe(0);
  expect(store.add('b', entry(1))).toBeUndefined();
});
