// Flow 3, from the browser's messages to what the media server is asked.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Harness, offer } from '../testing/harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.close());

const wish = { kind: 'camera', audio: true, video: true, muted: false } as const;
const candidate = (n: number, ufrag = 'abcd') => ({
  candidate: `candidate:${n} 1 udp 1 192.0.2.${n} 5000 typ host ufrag ${ufrag}`,
  sdpMid: '0',
  sdpMLineIndex: 0,
});

test('sets a stream up in the order create, subscribe, offer, gather, and tags what it makes', async () => {
  const { kurento } = harness;
  const ada = await harness.joined(await harness.createRoom());
  const before = kurento.calls.length;
  const stream = await harness.broadcast(ada);
  const steps = kurento.calls.slice(before).map(({ name }) => name);
  const place = (name: string) => steps.indexOf(name);
  const order = [
    'create MediaPipeline',
    'create WebRtcEndpoint',
    'subscribe IceCandidateFound',
    'processOffer',
    'gatherCandidates',
  ].map(place);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order).not.toContain(-1);
  const [endpoint] = kurento.ofType('WebRtcEndpoint');
  expect(endpoint?.params).toMatchObject({ recvonly: true });
  for (const object of kurento.objects.values()) expect(object.tags.get('stream')).toBe(stream);
  expect([...(endpoint?.tags.keys() ?? [])].sort()).toEqual([
    'kind',
    'parley',
    'participant',
    'room',
    'stream',
  ]);
});

test('keeps candidates that come before their endpoint, and applies them in order, without the empty one', async () => {
  const { kurento } = harness;
  const ada = await harness.joined(await harness.createRoom());
  const { stream } = await ada.request('requestBroadcast', wish);
  const leg = { kind: 'up', stream: stream.id } as const;
  for (const n of [1, 2, 3]) await ada.request('addCandidate', { leg, candidate: candidate(n) });
  await ada.request('addCandidate', { leg, candidate: { candidate: '', sdpMid: '0' } });
  expect(kurento.callsOf('addIceCandidate')).toEqual([]);
  await ada.request('startBroadcast', { stream: stream.id, sdpOffer: offer() });
  await ada.request('addCandidate', { leg, candidate: candidate(4) });
  await kurento.until(() => kurento.callsOf('addIceCandidate').length === 4);
  const applied = kurento.callsOf('addIceCandidate').map(({ params }) => params['candidate']);
  expect(applied).toMatchObject([1, 2, 3, 4].map((n) => candidate(n)));
});

test('early candidates are with the media server before anybody is told of the stream', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const { stream } = await ada.request('requestBroadcast', wish);
  const leg = { kind: 'up', stream: stream.id } as const;
  for (const n of [1, 2]) await ada.request('addCandidate', { leg, candidate: candidate(n) });
  const held = kurento.hold('gatherCandidates');
  const starting = ada.request('startBroadcast', { stream: stream.id, sdpOffer: offer() });
  await held.arrived;
  expect(kurento.callsOf('addIceCandidate')).toHaveLength(2);
  expect(bob.toldOf('streamStarted')).toEqual([]);
  held.release();
  await starting;
  await bob.hears('streamStarted');
});

test('a candidate that the media server refuses does not end the stream', async () => {
  const { kurento } = harness;
  const ada = await harness.joined(await harness.createRoom());
  const stream = await harness.broadcast(ada);
  kurento.failOnce('addIceCandidate', 40401);
  const leg = { kind: 'up', stream } as const;
  expect(await ada.request('addCandidate', { leg, candidate: candidate(1) })).toEqual({});
  expect(await ada.request('setMuted', { stream, muted: true })).toEqual({});
});

test('a running leg takes no more candidates than any browser has', async () => {
  const { kurento } = harness;
  const ada = await harness.joined(await harness.createRoom());
  const stream = await harness.broadcast(ada);
  const leg = { kind: 'up', stream } as const;
  const outcomes = await Promise.all(
    Array.from({ length: 600 }, (_, n) =>
      ada.request('addCandidate', { leg, candidate: candidate(n) }).then(
        () => 'taken',
        (error: { data: { reason: string } }) => error.data.reason,
      ),
    ),
  );
  const taken = outcomes.filter((outcome) => outcome === 'taken').length;
  expect(taken).toBe(256);
  expect(outcomes.at(-1)).toBe('too-many-requests');
  // Nobody waits for the media server to take a candidate; what ends the stream comes to it after all of them.
  await ada.request('stopBroadcast', { stream });
  expect(kurento.callsOf('addIceCandidate')).toHaveLength(taken);
});

test('sends the media server’s candidates to the one whose leg it is', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  const [endpoint] = kurento.ofType('WebRtcEndpoint');
  kurento.emit(endpoint?.id ?? '', 'IceCandidateFound', {
    candidate: { ...candidate(9), __type__: 'IceCandidate' },
  });
  expect(await ada.hears('candidate')).toEqual({ leg: { kind: 'up', stream }, candidate: candidate(9) });
  expect(bob.toldOf('candidate')).toEqual([]);
});

test('a browser is told of the candidates in the order in which the media server found them', async () => {
  const { kurento } = harness;
  const ada = await harness.joined(await harness.createRoom());
  await harness.broadcast(ada);
  const [endpoint] = kurento.ofType('WebRtcEndpoint');
  const found = Array.from({ length: 100 }, (_, n) => candidate(n));
  for (const one of found) kurento.emit(endpoint?.id ?? '', 'IceCandidateFound', { candidate: one });
  await ada.hears('candidate', found.length);
  expect(ada.toldOf('candidate').map((told) => told.candidate)).toEqual(found);
});

const STEPS = [
  ['create MediaPipeline', 40009, 'media-server-refused'],
  ['addTag', 40001, 'media-server-refused'],
  ['create WebRtcEndpoint', 40009, 'media-server-refused'],
  ['subscribe IceCandidateFound', 40106, 'media-server-refused'],
  ['subscribe MediaFlowOutStateChanged', 40106, 'media-server-refused'],
  ['processOffer', 40201, 'sdp-refused'],
  ['gatherCandidates', 40400, 'media-server-refused'],
] as const;

test.each(STEPS)(
  'when "%s" fails, the browser gets an error and nothing is left',
  async (step, code, reason) => {
    const { kurento } = harness;
    const room = await harness.createRoom();
    const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
    const { stream } = await ada.request('requestBroadcast', wish);
    kurento.failOnce(step, code);
    const start = { stream: stream.id, sdpOffer: offer() };
    expect(await ada.refused('startBroadcast', start)).toBe(reason);
    expect([...kurento.objects.keys()]).toEqual([]);
    expect(bob.toldOf('streamStarted')).toEqual([]);
    expect(await ada.refused('startBroadcast', start)).toBe('unknown-stream');
    await harness.broadcast(ada);
    expect(await bob.hears('streamStarted')).toMatchObject({ stream: { kind: 'camera' } });
  },
);

test.each(STEPS.map(([step]) => step))(
  'a stream that is stopped during "%s" leaves nothing',
  async (step) => {
    const { kurento } = harness;
    const room = await harness.createRoom();
    const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
    const { stream } = await ada.request('requestBroadcast', wish);
    const held = kurento.hold(step);
    const start = ada.request('startBroadcast', { stream: stream.id, sdpOffer: offer() }).catch(String);
    await held.arrived;
    ada.socket.terminate();
    await bob.hears('participantLeft');
    held.release();
    await start;
    await kurento.until(() => kurento.objects.size === 0);
    expect(bob.toldOf('streamStarted')).toEqual([]);
  },
);

test('an offer without a kind that was announced is refused, because its recorder would wait for ever', async () => {
  const ada = await harness.joined(await harness.createRoom());
  const { stream } = await ada.request('requestBroadcast', wish);
  const sdpOffer = offer({ video: false });
  expect(await ada.refused('startBroadcast', { stream: stream.id, sdpOffer })).toBe('sdp-refused');
  expect(harness.kurento.objects.size).toBe(0);
});

test('what an offer sends beyond what was announced reaches neither viewers nor recordings', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const { stream } = await ada.request('requestBroadcast', { ...wish, video: false });
  await ada.request('startBroadcast', { stream: stream.id, sdpOffer: offer() });
  await bob.request('watch', { stream: stream.id, sdpOffer: offer() });
  await bob.request('startRecording', {});
  expect(kurento.callsOf('connect').map(({ params }) => params['mediaType'])).toEqual(['AUDIO', 'AUDIO']);
  expect(kurento.ofType('RecorderEndpoint')[0]?.params).toMatchObject({ mediaProfile: 'WEBM_AUDIO_ONLY' });
});

test('one camera per participant, and one screen per room', async () => {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  await harness.broadcast(ada);
  await harness.broadcast(bob);
  expect(await ada.refused('requestBroadcast', wish)).toBe('too-many-requests');
  const screen = { ...wish, kind: 'screen' } as const;
  const shared = await harness.broadcast(bob, 'screen');
  expect(await ada.refused('requestBroadcast', screen)).toBe('screen-already-shared');
  await bob.request('stopBroadcast', { stream: shared });
  expect(await ada.request('requestBroadcast', screen)).toMatchObject({ stream: { kind: 'screen' } });
});

test('the place of a screen is free when its sharer has left, who finds nothing shared on coming back', async () => {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  await harness.broadcast(ada, 'screen');
  await ada.request('leave', {});
  expect((await ada.request('join', { room, name: 'Ada' })).streams).toEqual([]);
  const bobs = await harness.broadcast(bob, 'screen');
  await bob.request('stopBroadcast', { stream: bobs });
  await harness.broadcast(ada, 'screen');
});

test('what cannot be released does not keep the rest from being released', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  for (const kind of ['camera', 'screen'] as const) await harness.broadcast(ada, kind);
  kurento.failOnce('release', 40100);
  await ada.request('leave', {});
  expect(await bob.hears('streamStopped', 2)).toBeDefined();
  expect(kurento.ofType('MediaPipeline')).toHaveLength(1);
});

test('a stream without audio and video is refused', async () => {
  const ada = await harness.joined(await harness.createRoom());
  expect(await ada.refused('requestBroadcast', { ...wish, audio: false, video: false })).toBe(
    'invalid-message',
  );
});

test('who joins while a stream starts is told of it once, after the answer to join', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const ada = await harness.joined(room);
  const { stream } = await ada.request('requestBroadcast', wish);
  const held = kurento.hold('gatherCandidates');
  const starting = ada.request('startBroadcast', { stream: stream.id, sdpOffer: offer() });
  await held.arrived;
  const bob = await harness.browser();
  const { streams } = await bob.request('join', { room, name: 'Bob' });
  held.release();
  await starting;
  await bob.hears('streamStarted');
  expect([...streams, ...bob.toldOf('streamStarted').map((told) => told.stream)].map(({ id }) => id)).toEqual(
    [stream.id],
  );
  const eve = await harness.browser();
  expect((await eve.request('join', { room, name: 'Eve' })).streams).toEqual([
    { ...stream, participant: stream.participant },
  ]);
});

test('whatever starts in the room while somebody joins, the answer to join comes first', async () => {
  const room = await harness.createRoom();
  const ada = await harness.joined(room);
  const bob = await harness.browser();
  const [, stream] = await Promise.all([bob.request('join', { room, name: 'Bob' }), harness.broadcast(ada)]);
  expect(bob.received[0]).toContain('"result"');
  const listed = JSON.parse(bob.received[0] ?? '') as { result: { streams: { id: string }[] } };
  if (listed.result.streams.length === 0)
    expect(await bob.hears('streamStarted')).toMatchObject({ stream: { id: stream } });
  else expect(bob.toldOf('streamStarted')).toEqual([]);
});

test('muting is told to the others and changes nothing on the media server', async () => {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  const before = harness.kurento.calls.length;
  await ada.request('setMuted', { stream, muted: true });
  expect(await bob.hears('streamChanged')).toMatchObject({ stream: { id: stream, muted: true } });
  expect(harness.kurento.calls.length).toBe(before);
  expect(ada.toldOf('streamChanged')).toEqual([]);
});

test('when the browser closes its side of DTLS, the stream ends for everyone with "media-lost"', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  const [endpoint] = kurento.ofType('WebRtcEndpoint');
  kurento.emit(endpoint?.id ?? '', 'DtlsConnectionStateChange', { state: 'CLOSED' });
  const lost = { stream, reason: 'media-lost' };
  expect(await bob.hears('streamStopped')).toEqual(lost);
  expect(await ada.hears('streamStopped')).toEqual(lost);
  await kurento.until(() => kurento.objects.size === 0);
  expect(await harness.broadcast(ada)).not.toBe(stream);
});
