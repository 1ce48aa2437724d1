// Whole sessions against a fake media server: what their traces say, and what they must not.
import { SessionsResponse, SessionTrace, type TraceEntry } from '@parley/protocol';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TOLD_EVENTS } from '../media/kurento-handler.ts';
import { Harness, offer } from '../testing/harness.ts';
import type { TestBrowser } from '../testing/test-browser.ts';
import type { TurnEvent } from './turn-events.ts';

let harness: Harness;
let turn: (event: TurnEvent) => void;
let spans: ReadableSpan[];

const TURN_SECRET = 'a-secret-of-the-relay';

beforeEach(async () => {
  spans = [];
  const processor: SpanProcessor = {
    onStart: () => undefined,
    onEnd: (span) => spans.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  harness = await Harness.start({
    turn: { urls: ['turn:192.0.2.9:3478'], secret: TURN_SECRET },
    turnEvents: (listener) => {
      turn = listener;
      return () => undefined;
    },
    spanProcessors: [processor],
  });
});
afterEach(() => harness.close());

async function told(path: string): Promise<unknown> {
  const authorization = `Bearer ${harness.server.admin.token ?? ''}`;
  const response = await fetch(`${harness.server.url}/api/admin/${path}`, { headers: { authorization } });
  expect(response.status).toBe(200);
  return response.json();
}

const traceOf = async (id: string) => SessionTrace.parse(await told(`sessions/${id}`));

const SHORT = { browser: 'B', 'app-server': 'A', 'media-server': 'M', 'turn-server': 'T' } as const;

/** `B>A watch`, with the leg in front; several of the same in a row are one. */
function arrows(entries: readonly TraceEntry[]): string[] {
  const lines = entries.map(({ from, to, name, leg, facts }) => {
    const way = from === to ? SHORT[from] : `${SHORT[from]}>${SHORT[to]}`;
    const what =
      name === 'create' || name === 'release' ? ` ${String(facts['type'] ?? facts['object'])}` : '';
    return `${leg?.kind ?? '-'} ${way} ${name}${what}`;
  });
  return lines.filter((line, index) => line !== lines[index - 1]);
}

const endpoint = (direction: 'recvonly' | 'sendonly') => {
  const found = harness.kurento.ofType('WebRtcEndpoint').find(({ params }) => params[direction] === true);
  if (!found) throw new Error(`no ${direction} endpoint`);
  return found.id;
};

async function call(): Promise<{ ada: TestBrowser; bob: TestBrowser; stream: string }> {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  await bob.hears('streamStarted');
  await bob.request('watch', { stream, sdpOffer: offer({ ufrag: 'wxyz' }) });
  return { ada, bob, stream };
}

describe('the trace of a broadcast that is watched', () => {
  test('has every arrow between browser, application server and media server, in order', async () => {
    const { stream } = await call();
    const { entries, ...session } = await traceOf(stream);
    const quiet = entries.filter(({ name }) => name !== 'ledger');
    expect(arrows(quiet)).toEqual([
      'up B>A requestBroadcast',
      'up B>A startBroadcast',
      '- A>M create MediaPipeline',
      '- A>M addTag',
      'up A>M create WebRtcEndpoint',
      'up A>M addTag',
      'up A>M subscribe',
      'up A>M processOffer',
      'up A>M gatherCandidates',
      'down A>B streamStarted',
      'down B>A watch',
      'down A>M create WebRtcEndpoint',
      'down A>M addTag',
      'down A>M subscribe',
      'down A>M connect',
      'down A>M processOffer',
      'down A>M gatherCandidates',
    ]);
    for (const { kind, outcome, durationMs } of entries.filter((entry) => entry.kind === 'request'))
      expect([kind, outcome, typeof durationMs]).toEqual(['request', 'ok', 'number']);
    expect(session).toMatchObject({
      id: stream,
      kind: 'camera',
      participantName: 'Ada',
      endedAt: null,
      dropped: 0,
    });
    expect(session.legs.map(({ leg, participantName }) => [leg.kind, participantName])).toEqual([
      ['up', 'Ada'],
      ['down', 'Bob'],
    ]);
    expect(session.legs[0]?.steps.map(({ step }) => step)).toEqual([
      'requested',
      'permitted',
      'endpoint-ready',
      'negotiated',
    ]);
  });

  test('has the events of the media server, candidates both ways, and the steps they lead to', async () => {
    const { bob, stream } = await call();
    const up = endpoint('recvonly');
    harness.kurento.emit(up, 'IceComponentStateChanged', { streamId: 1, componentId: 1, state: 'CONNECTED' });
    harness.kurento.emit(up, 'IceCandidateFound', {
      candidate: { candidate: 'candidate:1 1 udp 2130706431 192.0.2.1 40000 typ host', sdpMid: '0' },
    });
    const candidate = 'candidate:7 1 udp 1 198.51.100.3 5000 typ relay raddr 0.0.0.0 rport 0 ufrag wxyz';
    await bob.request('addCandidate', {
      leg: { kind: 'down', stream: stream as never },
      candidate: { candidate },
    });
    await harness.kurento.until(() => harness.kurento.callsOf('addIceCandidate').length > 0);
    const { entries, legs } = await traceOf(stream);
    const told = (name: string) => entries.find((entry) => entry.name === name);
    expect(told('IceComponentStateChanged')).toMatchObject({
      from: 'media-server',
      to: 'app-server',
      kind: 'event',
      facts: { state: 'CONNECTED' },
    });
    expect(told('candidate')).toMatchObject({ from: 'app-server', to: 'browser', kind: 'notification' });
    const facts = { candidateType: 'relay', protocol: 'udp', address: '198.51.100.3:5000' };
    expect(told('addCandidate')).toMatchObject({ from: 'browser', to: 'app-server', facts });
    expect(told('addIceCandidate')).toMatchObject({ from: 'app-server', to: 'media-server', facts });
    expect(legs[0]?.status.step).toBe('ice-connected');
  });

  test('says why a request was refused, and marks what came again as a retry', async () => {
    const { ada, bob, stream } = await call();
    harness.kurento.failOnce('processOffer', 40208);
    expect(await bob.refused('watch', { stream, sdpOffer: offer() })).toBe('sdp-refused');
    expect(await bob.refused('stopBroadcast', { stream })).toBe('not-yours');
    const again = {
      jsonrpc: '2.0',
      id: 900,
      method: 'setMuted',
      params: { stream, muted: true },
      attempt: 2,
    };
    ada.socket.send(JSON.stringify(again));
    ada.socket.send(JSON.stringify({ ...again, attempt: 3 }));
    await ada.request('ping', {});
    const { entries } = await traceOf(stream);
    const refused = entries.filter(({ outcome }) => outcome === 'refused');
    expect(refused.map(({ name, facts }) => [name, facts['reason'] ?? facts['code']])).toEqual([
      ['watch', 'sdp-refused'],
      ['processOffer', 40208],
      ['stopBroadcast', 'not-yours'],
    ]);
    const retries = entries.filter(({ kind }) => kind === 'retry');
    expect(retries.map(({ name, facts }) => [name, facts['attempt']])).toEqual([
      ['setMuted', 2],
      ['setMuted', 3],
    ]);
  });

  test('stays after the end, with the legs as they were then', async () => {
    const { ada, stream } = await call();
    await ada.request('stopBroadcast', { stream: stream as never });
    const { endedAt, legs, verdict, entries } = await traceOf(stream);
    expect(endedAt).toBeTypeOf('number');
    expect(legs).toHaveLength(2);
    expect(verdict.level).toBe('ended');
    expect(arrows(entries).slice(-2)).toContain('down A>B streamStopped');
    expect(arrows(entries)).toContain('- A>M release MediaPipeline');
  });

  test('is written by nobody who is in another room', async () => {
    const { stream } = await call();
    const stranger = await harness.joined(await harness.createRoom(), 'Eve');
    expect(await stranger.refused('watch', { stream, sdpOffer: offer() })).toBe('unknown-stream');
    const { entries } = await traceOf(stream);
    expect(entries.filter(({ outcome }) => outcome === 'refused')).toEqual([]);
  });

  test('also goes to the processors of an integrator, below one span of the session', async () => {
    const { ada, stream } = await call();
    await ada.request('stopBroadcast', { stream: stream as never });
    const own = spans.filter(({ attributes }) => attributes['parley.session'] === stream);
    const root = own.find(({ name }) => name === 'session camera');
    const children = own.filter(({ parentSpanContext }) => parentSpanContext !== undefined);
    expect(children.length).toBe(own.length - 1);
    for (const { parentSpanContext } of children)
      expect(parentSpanContext?.spanId).toBe(root?.spanContext().spanId);
  });
});

describe('what a browser reports of its legs', () => {
  const pair = {
    localType: 'relay',
    localProtocol: 'udp',
    localAddress: '198.51.100.3:5000',
    remoteAddress: '192.0.2.1:40000',
    relayProtocol: 'tls',
    roundTripMs: 31.5,
  };

  test('becomes part of the trace, at the time when it was', async () => {
    const { bob, stream } = await call();
    const leg = { kind: 'down', stream: stream as never } as const;
    await bob.request('reportTrace', {
      leg,
      events: [
        { agoMs: 500, kind: 'state', name: 'ice', facts: { state: 'checking', password: 'hush' } },
        { agoMs: 0, kind: 'state', name: 'selected-pair', facts: pair },
        { agoMs: 3_600_000, kind: 'remedy', name: 'tcp', facts: {} },
      ],
    });
    const { entries, legs, startedAt } = await traceOf(stream);
    const reported = entries.filter(({ from, to }) => from === 'browser' && to === 'browser');
    expect(reported.map(({ name }) => name)).toEqual(['tcp', 'ice', 'selected-pair']);
    const [first, ice, selected] = reported;
    expect(ice?.facts).toEqual({ state: 'checking' });
    expect((selected?.at ?? 0) - (ice?.at ?? 0)).toBeCloseTo(500, 0);
    // Nobody moves the begin of a session by an hour.
    expect(first?.at).toBe(startedAt);
    // Nor a minute at a time.
    const again = { agoMs: 3_600_000, kind: 'state', name: 'ice', facts: {} } as const;
    await bob.request('reportTrace', { leg, events: [again] });
    expect((await traceOf(stream)).startedAt).toBe(startedAt);
    expect(legs[1]).toMatchObject({
      relayed: true,
      browserPair: { local: 'relay udp 198.51.100.3:5000 (by tls)', remote: 'udp 192.0.2.1:40000' },
      roundTripMs: 31.5,
    });
    expect(legs[0]).toMatchObject({ relayed: null, browserPair: null, roundTripMs: null });
  });

  test('is relayed also when the relay is seen under another address than the browser was told', async () => {
    const { bob, stream } = await call();
    const leg = { kind: 'down', stream: stream as never } as const;
    for (const [relayProtocol, relayed] of [
      [{}, false],
      [{ relayProtocol: 'udp' }, true],
    ] as const) {
      const facts = { localType: 'prflx', localProtocol: 'udp', ...relayProtocol };
      const selected = { agoMs: 0, kind: 'state', name: 'selected-pair', facts } as const;
      await bob.request('reportTrace', { leg, events: [selected] });
      expect((await traceOf(stream)).legs[1]?.relayed).toBe(relayed);
    }
  });

  test('leaves room for what the others did, however much it is', async () => {
    const { bob, stream } = await call();
    const before = (await traceOf(stream)).entries.length;
    const leg = { kind: 'down', stream: stream as never } as const;
    const events = Array.from(
      { length: 64 },
      () => ({ agoMs: 0, kind: 'state', name: 'ice', facts: {} }) as const,
    );
    for (let report = 0; report < 40; report++)
      await bob.request('reportTrace', { leg, events: [...events] });
    const { entries, dropped } = await traceOf(stream);
    expect(dropped).toBe(0);
    // A few come back while the test runs.
    expect(entries.length - before).toBeLessThan(TOLD_EVENTS.burst + 64);
  });

  test('is taken of its own legs only, and within limits', async () => {
    const { ada, bob, stream } = await call();
    const event = { agoMs: 0, kind: 'state', name: 'ice', facts: {} };
    const up = { kind: 'up', stream };
    expect(await bob.refused('reportTrace', { leg: up, events: [event] })).toBe('not-yours');
    expect(await bob.refused('reportTrace', { leg: { kind: 'testRecord' }, events: [event] })).toBe(
      'unknown-stream',
    );
    const many = Array.from({ length: 65 }, () => event);
    expect(await ada.refused('reportTrace', { leg: up, events: many })).toBe('invalid-message');
    const long = { ...event, facts: { text: 'x'.repeat(257) } };
    expect(await ada.refused('reportTrace', { leg: up, events: [long] })).toBe('invalid-message');
  });
});

test('what the relay does for a participant stands in the sessions in which they have a leg', async () => {
  const { ada, bob, stream } = await call();
  const [{ id: bobs = '' } = {}] = ada.toldOf('participantJoined').map(({ participant }) => participant);
  await harness.broadcast(bob, 'screen');
  turn({ at: Date.now(), kind: 'allocated', participant: bobs, relayedAddress: '192.0.2.9:50000' });
  turn({ at: Date.now(), kind: 'allocated', participant: 'somebody-else' });
  const { entries } = await traceOf(stream);
  expect(entries.filter(({ from }) => from === 'turn-server')).toMatchObject([
    {
      kind: 'state',
      name: 'allocated',
      leg: { kind: 'down', participant: bobs },
      facts: { relayedAddress: '192.0.2.9:50000' },
    },
  ]);
});

test('a test has one trace for its recording and its playback', async () => {
  const ada = await harness.browser();
  await ada.request('requestTest', {});
  await ada.request('startTestRecord', { sdpOffer: offer(), audio: true, video: true });
  await ada.hears('testTick');
  await ada.request('stopTest', {});
  await ada.hears('testRecorded');
  await ada.request('startTestPlayback', { sdpOffer: offer() });
  const player = harness.kurento.ofType('PlayerEndpoint')[0];
  const stream = player?.tags.get('stream') ?? '';
  harness.kurento.emit(player?.id ?? '', 'EndOfStream');
  await ada.hears('testPlayed');
  const { kind, verdict, legs, entries } = await traceOf(stream);
  expect([kind, verdict.level]).toEqual(['test', 'good']);
  expect(legs.map(({ leg, status }) => [leg.kind, status.step])).toEqual([
    ['testRecord', 'confirmed'],
    ['testPlayback', 'media-arriving'],
  ]);
  const order = ['requestTest', 'startTestRecord', 'record', 'testTick', 'stopTest', 'testRecorded'];
  const names = entries.map(({ name }) => name);
  expect(order.map((name) => names.indexOf(name))).toEqual(
    order.map((name) => names.indexOf(name)).sort((a, b) => a - b),
  );
  expect(names).toContain('startTestPlayback');
});

test('a test of a program that tries the server is named so', async () => {
  const [doctor, page, someone] = [await harness.browser(), await harness.browser(), await harness.browser()];
  await doctor.request('requestTest', { by: 'doctor' });
  await page.request('requestTest', { by: 'check' });
  await someone.request('requestTest', {});
  const { sessions } = SessionsResponse.parse(await told('sessions'));
  expect(sessions.map(({ participantName }) => participantName)).toEqual([
    null,
    'Check page',
    'parley doctor',
  ]);
});

test('no secret of any message is in a trace', async () => {
  const room = await harness.createRoom();
  const ada = await harness.browser();
  const { secret } = await ada.request('join', { room, name: 'Ada' });
  const bob = await harness.joined(room, 'Bob');
  const lines = [
    'v=0',
    'a=fingerprint:sha-256 0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:0A:1B:2C:3D:4E:5F',
    'm=audio 9 UDP/TLS/RTP/SAVPF 96',
    'a=ice-ufrag:UfRaGm3nt',
    'a=ice-pwd:aPasswordOfTheIceAgent',
    'a=sendonly',
  ];
  const { stream, iceServers } = await ada.request('requestBroadcast', {
    kind: 'camera',
    audio: true,
    video: false,
    muted: false,
  });
  const { sdpAnswer } = await ada.request('startBroadcast', {
    stream: stream.id,
    sdpOffer: lines.join('\r\n'),
  });
  const candidate = 'candidate:1 1 udp 1 192.0.2.7 5000 typ host generation 0 ufrag UfRaGm3nt';
  await ada.request('addCandidate', { leg: { kind: 'up', stream: stream.id }, candidate: { candidate } });
  await bob.request('watch', { stream: stream.id, sdpOffer: lines.join('\r\n') });
  await ada.request('reportTrace', {
    leg: { kind: 'up', stream: stream.id },
    events: [
      {
        agoMs: 0,
        kind: 'state',
        name: 'local',
        facts: { text: lines.join(' ').slice(0, 250), credential: 'x1y2z3' },
      },
    ],
  });
  await harness.kurento.until(() => harness.kurento.callsOf('addIceCandidate').length > 0);
  const text = JSON.stringify(await traceOf(stream.id));
  const credentials = iceServers.flatMap(({ username = '', credential = '' }) => [username, credential]);
  const { token = '' } = harness.server.admin;
  expect(credentials).toHaveLength(2);
  for (const hidden of [
    'UfRaGm3nt',
    'aPasswordOfTheIceAgent',
    '0A:1B:2C',
    'x1y2z3',
    'ice-ufrag',
    'm=audio',
    sdpAnswer,
    secret,
    token,
    'a token',
    TURN_SECRET,
    ...credentials,
  ])
    expect(text).not.toContain(hidden);
  // What is looked for is really there: in what the browsers and the media server were told.
  expect(JSON.stringify(harness.kurento.calls)).toContain('aPasswordOfTheIceAgent');
  expect(ada.received.join()).toContain(credentials[1]);
});
