// What an administrator is given of the media server's view, and how often it is asked for it.
import { LegProgress, type LegDiagnosis } from '@parley/protocol';
import { pino } from 'pino';
import { beforeEach, expect, it } from 'vitest';
import { MediaServerError } from '../kurento/errors.ts';
import type { MediaServer } from '../kurento/media-server.ts';
import { DIAGNOSIS_INTERVAL_MS, SessionInspector } from './session-inspector.ts';
import type { SessionTracer } from './session-tracer.ts';
import { Tracing } from './tracing.ts';

const DIAGNOSIS: LegDiagnosis = {
  ice: { state: 'connected', selected: null, restarts: 1 },
  dtls: { state: 'connected', version: 'DTLS 1.2', cipher: null, failure: null },
  srtp: { profile: 'SRTP_AES128_CM_HMAC_SHA1_32' },
  roundTripMs: 12,
  dropped: 0,
  tracks: [],
};

let asked: unknown[][];
let answer: () => Promise<unknown>;
let tracer: SessionTracer;
let inspector: SessionInspector;

beforeEach(() => {
  asked = [];
  answer = () => Promise.resolve(DIAGNOSIS);
  const unused = () => Promise.reject(new Error('not asked for'));
  const mediaServer: MediaServer = {
    available: true,
    create: unused,
    subscribe: unused,
    release: unused,
    invoke: (...call) => {
      asked.push(call.slice(0, 3));
      return answer();
    },
  };
  const tracing = new Tracing();
  const { status, history } = new LegProgress('up', performance.now());
  tracer = tracing.begin({
    id: 'stream-0001',
    kind: 'camera',
    room: null,
    participant: { id: 'ada', name: 'Ada' },
    legs: () => [
      {
        leg: { kind: 'up', participant: null },
        participantName: 'Ada',
        status,
        steps: history,
        endpoint: 'e1',
      },
      {
        leg: { kind: 'down', participant: null },
        participantName: null,
        status,
        steps: [],
        endpoint: undefined,
      },
    ],
  });
  inspector = new SessionInspector({ store: tracing.store, mediaServer, log: pino({ level: 'silent' }) });
});

it('asks once for each leg that has an endpoint, however many look within a second', async () => {
  const [first] = await Promise.all([0, 0, 999].map((now) => inspector.trace('stream-0001', now)));
  expect(first?.legs.map(({ diagnosis }) => diagnosis)).toEqual([DIAGNOSIS, null]);
  expect(asked).toEqual([['e1', 'getDiagnosis', {}]]);
  await inspector.trace('stream-0001', DIAGNOSIS_INTERVAL_MS);
  expect(asked).toHaveLength(2);
});

it('keeps what it found wrong, also when the leg is gone', async () => {
  await inspector.trace('stream-0001', 0);
  tracer.end();
  const trace = await inspector.trace('stream-0001', 5_000);
  expect(trace?.findings.map(({ id }) => id)).toEqual(['srtp-profile-weak']);
  expect(trace?.findings[0]?.evidence).toContain('the up leg of Ada');
  expect(trace?.legs.map(({ diagnosis }) => diagnosis)).toEqual([null, null]);
  expect(asked).toHaveLength(1);
});

it.each([
  [
    'refuses, as the original does',
    () => Promise.reject(MediaServerError.refused('getDiagnosis', 40008, 'no')),
  ],
  ['does not answer', () => Promise.reject(MediaServerError.unreachable('getDiagnosis', 'no answer'))],
  ['answers something else', () => Promise.resolve({ ice: 'fine' })],
])('has no diagnosis when the media server %s', async (_how, given) => {
  answer = given;
  const trace = await inspector.trace('stream-0001');
  expect(trace?.legs[0]?.diagnosis).toBeNull();
});

it('tells those who watch of each change, and of nothing after they have gone', () => {
  let changes = 0;
  const stop = inspector.watch(
    'stream-0001',
    () => changes++,
    () => undefined,
  );
  const entry = { from: 'browser', to: 'app-server', kind: 'request', name: 'watch', leg: null } as const;
  tracer.open(entry).end('ok');
  expect(changes).toBe(2);
  stop?.();
  tracer.note(entry);
  expect(changes).toBe(2);
  expect(
    inspector.watch(
      'nobody',
      () => changes++,
      () => undefined,
    ),
  ).toBeUndefined();
});
