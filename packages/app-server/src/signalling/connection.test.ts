// One browser's socket: order, refusals, nonsense and silence.
import { once } from 'node:events';
import { MAX_MESSAGE_LENGTH } from '@parley/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Harness, offer } from '../testing/harness.ts';
import { holdTime } from '../testing/still-time.ts';
import type { TestBrowser } from '../testing/test-browser.ts';
import { LIVENESS_INTERVAL_MS } from './connection.ts';
import { MAX_SOCKETS_OF_ADDRESS } from './signalling-server.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start({ publicOrigins: ['https://meet.example.org'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await harness.close();
});

const wish = { kind: 'camera', audio: true, video: true, muted: false } as const;

/** The replies that came, by id, in order. */
function replies(browser: TestBrowser): unknown[] {
  return browser.received
    .map((text) => JSON.parse(text) as { id?: unknown; method?: string })
    .filter(({ method }) => method === undefined)
    .map(({ id }) => id);
}

test('answers in the order of the requests, and begins each when the former is done', async () => {
  const { kurento } = harness;
  const ada = await harness.joined(await harness.createRoom());
  const { stream } = await ada.request('requestBroadcast', wish);
  const held = kurento.hold('processOffer');
  const answered: string[] = [];
  const note = (name: string) => () => void answered.push(name);
  const all = [
    ada.request('startBroadcast', { stream: stream.id, sdpOffer: offer() }).then(note('start')),
    ada.request('setMuted', { stream: stream.id, muted: true }).then(note('mute')),
    ada.request('stopBroadcast', { stream: stream.id }).then(note('stop')),
    ada.refused('setMuted', { stream: stream.id, muted: true }).then(note('refusal')),
  ];
  await held.arrived;
  expect(answered).toEqual([]);
  held.release();
  await Promise.all(all);
  expect(answered).toEqual(['start', 'mute', 'stop', 'refusal']);
  expect(kurento.objects.size).toBe(0);
});

test('one browser that waits does not make others wait', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const held = kurento.hold('create MediaPipeline');
  const starting = harness.broadcast(ada);
  await held.arrived;
  await harness.broadcast(bob);
  held.release();
  await starting;
});

test('more requests than may wait are refused at once, and the others are answered', async () => {
  const { kurento } = harness;
  const ada = await harness.joined(await harness.createRoom());
  const { stream } = await ada.request('requestBroadcast', wish);
  const held = kurento.hold('processOffer');
  const starting = ada.request('startBroadcast', { stream: stream.id, sdpOffer: offer() });
  await held.arrived;
  const many = Array.from({ length: 3_000 }, () =>
    ada.request('requestTest', {}).then(
      () => 'answered',
      (error: { data: { reason: string } }) => error.data.reason,
    ),
  );
  await ada.until(() => replies(ada).length > 500);
  held.release();
  await starting;
  const outcomes = await Promise.all(many);
  expect(new Set(outcomes)).toEqual(new Set(['answered', 'too-many-requests']));
  expect(await ada.request('requestTest', {})).toEqual({ iceServers: [] });
});

test.each([
  ['https://evil.example', 403],
  ['null', 403],
  ['https://meet.example.org.evil.example', 403],
  ['http://meet.example.org', 403],
])('a page of %s is refused', async (origin, status) => {
  const socket = new WebSocket(`${harness.server.url.replace('http', 'ws')}/ws`, { origin });
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toContain(String(status));
});

test('the server’s own page, a named origin and no origin are let in', async () => {
  for (const origin of [harness.server.url, 'https://meet.example.org', undefined]) {
    const browser = await harness.browser(origin === undefined ? {} : { origin });
    expect(await browser.request('requestTest', {})).toEqual({ iceServers: [] });
  }
});

test('another path is not found', async () => {
  const socket = new WebSocket(`${harness.server.url.replace('http', 'ws')}/kurento`);
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toContain('404');
});

test('what is too large ends its own connection, and nobody else’s', async () => {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(bob);
  const closed = once(ada.socket, 'close');
  ada.socket.send('x'.repeat(MAX_MESSAGE_LENGTH + 1));
  expect((await closed)[0]).toBe(1009);
  expect(await bob.hears('participantLeft')).toMatchObject({ reason: 'connection-lost' });
  await bob.request('setMuted', { stream, muted: true });
});

test.each([
  ['not json', -32700],
  ['[]', -32600],
  ['{"jsonrpc":"1.0","id":7,"method":"leave"}', -32600],
  ['{"jsonrpc":"2.0","id":7,"method":"constructor"}', -32601],
  ['{"jsonrpc":"2.0","id":7,"method":"__proto__"}', -32601],
  ['{"jsonrpc":"2.0","id":7,"method":"join","params":{"room":7}}', -32602],
  ['{"jsonrpc":"2.0","id":7,"method":"join","params":[]}', -32602],
  ['{"jsonrpc":"2.0","id":7,"method":"watch","params":{"stream":"aaaaaaaaaa","sdpOffer":""}}', -32602],
])('%s is answered with %i', async (text, code) => {
  const browser = await harness.browser();
  browser.socket.send(text);
  await browser.until(() => browser.received.length > 0);
  expect(JSON.parse(browser.received[0] ?? '')).toMatchObject({ error: { code } });
});

test('a request that is sent again gives the same answer, and not a second endpoint', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  const held = kurento.hold('processOffer');
  const params = { stream, sdpOffer: offer() };
  const watch = { jsonrpc: '2.0', id: 77, method: 'watch', params };
  bob.socket.send(JSON.stringify(watch));
  await held.arrived;
  bob.socket.send(JSON.stringify({ ...watch, attempt: 2 }));
  held.release();
  bob.socket.send(JSON.stringify({ ...watch, attempt: 3 }));
  const answers = () => bob.received.filter((text) => text.includes('"id":77'));
  await bob.until(() => answers().length > 0);
  bob.socket.send(JSON.stringify({ ...watch, attempt: 3 }));
  await bob.until(() => answers().length > 1);
  expect(new Set(answers()).size).toBe(1);
  // The sender's, and one of the viewer's.
  expect(kurento.callsOf('create WebRtcEndpoint')).toHaveLength(2);
});

test('a join that is sent again is one participant', async () => {
  const room = await harness.createRoom();
  const ada = await harness.joined(room);
  const bob = await harness.browser();
  const join = { jsonrpc: '2.0', id: 5, method: 'join', params: { room, name: 'Bob' } };
  bob.socket.send(JSON.stringify(join));
  bob.socket.send(JSON.stringify({ ...join, attempt: 2 }));
  await harness.broadcast(bob);
  // Told after everything that the joins may have told.
  await ada.hears('streamStarted');
  expect(ada.toldOf('participantJoined')).toHaveLength(1);
});

test('a browser that goes silent is gone after two pings', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.browser({ autoPong: false }), await harness.browser()];
  await ada.request('join', { room, name: 'Ada' });
  await bob.request('join', { room, name: 'Bob' });
  await harness.broadcast(ada);
  const bobPinged = once(bob.socket, 'ping');
  const adaPinged = once(ada.socket, 'ping');
  await vi.advanceTimersByTimeAsync(LIVENESS_INTERVAL_MS);
  await Promise.all([bobPinged, adaPinged]);
  // Bob's pong has to be on its way before the next look: a request that is answered shows it.
  await bob.request('requestTest', {});
  await vi.advanceTimersByTimeAsync(LIVENESS_INTERVAL_MS);
  expect(await bob.hears('participantLeft')).toMatchObject({ reason: 'connection-lost' });
  await harness.kurento.until(() => harness.kurento.objects.size === 0);
});

test('who neither joins nor tests is let go after ten minutes, and who is in a room is not', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const ada = await harness.joined(await harness.createRoom());
  const idle = await harness.browser();
  const closed = once(idle.socket, 'close');
  for (let waited = LIVENESS_INTERVAL_MS; waited < 600_000; waited += LIVENESS_INTERVAL_MS) {
    await vi.advanceTimersByTimeAsync(LIVENESS_INTERVAL_MS);
    // Whoever asks is alive, and has nothing to do here all the same.
    await Promise.all([ada.request('ping', {}), idle.request('ping', {})]);
  }
  await vi.advanceTimersByTimeAsync(LIVENESS_INTERVAL_MS);
  await closed;
  await ada.request('ping', {});
});

test('one address has no more than its share of connections, and each that ends makes room', async () => {
  const open = await Promise.all(Array.from({ length: MAX_SOCKETS_OF_ADDRESS }, () => harness.browser()));
  const late = new WebSocket(`${harness.server.url.replace('http', 'ws')}/ws`);
  const [error] = (await once(late, 'error')) as [Error];
  expect(error.message).toContain('429');
  await open[0]?.close();
  expect(await (await harness.browser()).request('ping', {})).toEqual({});
});

test('two joins that are sent at once lose nothing of what was to be told after the first', async () => {
  const room = await harness.createRoom();
  await harness.broadcast(await harness.joined(room, 'Bob'));
  const ada = await harness.browser();
  const [, refusal] = await Promise.all([
    ada.request('join', { room, name: 'Ada' }),
    ada.refused('join', { room, name: 'Ada' }),
  ]);
  expect(refusal).toBe('already-in-a-room');
  await ada.hears('ledger');
  expect(JSON.parse(ada.received[0] ?? '')).toHaveProperty('result');
});

test('who says the same thing over and over is refused in the end, and the room is told of no more than a burst', async () => {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  const outcomes: string[] = [];
  // Time stands still: whoever happens to be the last would get what has come back meanwhile.
  holdTime();
  for (let n = 0; n < 10; n++)
    outcomes.push(
      ...(await Promise.all(
        Array.from({ length: 1_000 }, (_, turn) =>
          ada.request('setMuted', { stream, muted: turn % 2 === 0 }).then(
            () => 'done',
            (error: { data: { reason: string } }) => error.data.reason,
          ),
        ),
      )),
    );
  expect(outcomes.at(-1)).toBe('too-many-requests');
  const done = outcomes.filter((outcome) => outcome === 'done').length;
  expect(done).toBeLessThan(6_000);
  await bob.request('requestTest', {});
  expect(bob.toldOf('streamChanged').length).toBeLessThanOrEqual(done);
});

test('who sends the same request again and again gets no more answers than to other requests', async () => {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const params = { stream: await harness.broadcast(ada), sdpOffer: offer() };
  const watch = { jsonrpc: '2.0', id: 77, method: 'watch', params };
  bob.socket.send(JSON.stringify(watch));
  const answers = () => bob.received.filter((text) => text.includes('"id":77'));
  await bob.until(() => answers().length > 0);
  holdTime();
  for (let n = 0; n < 10_000; n++) bob.socket.send(JSON.stringify({ ...watch, attempt: 2 }));
  expect(await bob.refused('ping', {})).toBe('too-many-requests');
  expect(answers().length).toBeLessThan(6_000);
});

test('two thousand mutated messages, in any order, disturb nobody else', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [bob, eve] = [await harness.joined(room, 'Bob'), await harness.joined(room, 'Eve')];
  const stream = await harness.broadcast(bob);
  await eve.request('watch', { stream, sdpOffer: offer() });
  const disturbed = bob.told.length;

  const random = mulberry32(42);
  let mallory = await harness.browser();
  for (let n = 0; n < 2_000; n++) {
    if (mallory.socket.readyState !== WebSocket.OPEN) mallory = await harness.browser();
    mallory.socket.send(mutate(SAMPLES(room, stream)[Math.floor(random() * 14)] ?? '', random));
  }
  // Whoever it is that is connected in the end is still answered, after all that waits.
  if (mallory.socket.readyState === WebSocket.OPEN) await mallory.close();
  await bob.until(() => bob.toldOf('participantLeft').length === bob.toldOf('participantJoined').length - 1);

  const owned = [...kurento.objects.values()].filter(({ tags }) => tags.get('stream') === stream);
  expect(owned.map(({ type }) => type).sort()).toEqual(['MediaPipeline', 'WebRtcEndpoint', 'WebRtcEndpoint']);
  await kurento.until(() => kurento.objects.size === owned.length);
  const others = bob.told
    .slice(disturbed)
    .filter(
      ({ name }) =>
        ![
          'participantJoined',
          'participantLeft',
          'streamStarted',
          'streamStopped',
          'streamChanged',
          'ledger',
          'recordingStarted',
          'recordingStopped',
        ].includes(name),
    );
  expect(others).toEqual([]);
  expect(bob.toldOf('streamStopped').map((told) => told.stream)).not.toContain(stream);
  await bob.request('setMuted', { stream, muted: true });
  expect(await eve.hears('streamChanged')).toMatchObject({ stream: { id: stream, muted: true } });
});

/** Valid messages, to be spoilt; every request once. */
function SAMPLES(room: string, stream: string): string[] {
  const leg = { kind: 'down', stream };
  const candidate = { candidate: 'candidate:1 1 udp 1 192.0.2.1 5000 typ host', sdpMid: '0' };
  const messages: [string, object][] = [
    ['join', { room, name: 'Mallory' }],
    ['leave', {}],
    ['requestBroadcast', wish],
    ['startBroadcast', { stream, sdpOffer: offer() }],
    ['stopBroadcast', { stream }],
    ['setMuted', { stream, muted: true }],
    ['watch', { stream, sdpOffer: offer() }],
    ['unwatch', { stream }],
    ['addCandidate', { leg, candidate }],
    ['requestTest', {}],
    ['startTestRecord', { sdpOffer: offer(), audio: true, video: true }],
    ['startTestPlayback', { sdpOffer: offer() }],
    ['stopTest', {}],
    ['addCandidate', { leg: { kind: 'testRecord' }, candidate }],
  ];
  return messages.map(([method, params], id) => JSON.stringify({ jsonrpc: '2.0', id, method, params }));
}

/** A quarter stays as it is, so that messages come out of order too. */
function mutate(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  switch (Math.floor(random() * 8)) {
    case 0:
    case 1:
      return text;
    case 2:
      return text.slice(0, at);
    case 3:
      return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 0x700)) + text.slice(at + 1);
    case 4:
      return text.replace(/"[^"]*"(?=[,}])/, ['null', '[]', '{}', '1e309', '-1', '"\\u0000"'][at % 6] ?? '');
    case 5:
      return text.replace('"params":{', '"params":{"__proto__":{"x":1},"constructor":1,');
    case 6:
      return text.replace(
        /"id":\d+/,
        ['"id":null', '"id":{}', '"id":"x"', '"result":{},"id":1'][at % 4] ?? '',
      );
    default:
      return text + text.slice(at);
  }
}

/** A small seeded generator of numbers from 0 to 1. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
