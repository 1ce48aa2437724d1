// Flow 4, and how endings travel: to the viewers, and to the media server.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Harness, offer } from '../testing/harness.ts';
import type { FakeObject } from '../testing/fake-kurento.ts';
import type { TestBrowser } from '../testing/test-browser.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.close());

const downs = (): FakeObject[] =>
  harness.kurento.ofType('WebRtcEndpoint').filter(({ params }) => params['sendonly'] === true);

const watch = (viewer: TestBrowser, stream: Awaited<ReturnType<Harness['broadcast']>>, ufrag = 'abcd') =>
  viewer.request('watch', { stream, sdpOffer: offer({ ufrag }) });

test('a viewer gets an endpoint of their own, connected to the sender’s before the offer is processed', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  await bob.hears('streamStarted');
  const before = kurento.calls.length;
  const { sdpAnswer } = await watch(bob, stream);
  const [down] = downs();
  expect(sdpAnswer).toContain(down?.id);
  const connects = kurento.callsOf('connect').map(({ params }) => params);
  expect(connects).toEqual([
    { sink: down?.id, mediaType: 'AUDIO' },
    { sink: down?.id, mediaType: 'VIDEO' },
  ]);
  const steps = kurento.calls.slice(before).map(({ name }) => name);
  expect(steps.lastIndexOf('connect')).toBeLessThan(steps.indexOf('processOffer'));
});

test('a stream with sound only is connected with sound only', async () => {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada, 'camera', { audio: true, video: false });
  await watch(bob, stream);
  expect(harness.kurento.callsOf('connect').map(({ params }) => params['mediaType'])).toEqual(['AUDIO']);
});

test('watching again replaces the endpoint: one is left', async () => {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  await watch(bob, stream);
  const [first] = downs();
  await watch(bob, stream);
  expect(downs()).toHaveLength(1);
  expect(downs()[0]?.id).not.toBe(first?.id);
});

test.each(['create WebRtcEndpoint', 'processOffer'])(
  'who comes back while the former connection waited for %s keeps what the new one was given',
  async (step) => {
    const { kurento } = harness;
    const room = await harness.createRoom();
    const ada = await harness.joined(room);
    const stream = await harness.broadcast(ada);
    const bob = await harness.browser();
    const { self, secret } = await bob.request('join', { room, name: 'Bob' });
    const held = kurento.hold(step);
    bob.request('watch', { stream, sdpOffer: offer() }).catch(() => undefined);
    await held.arrived;
    const back = await harness.browser();
    await back.request('join', { room, name: 'Bob', resume: { participant: self.id, secret } });
    const { sdpAnswer } = await watch(back, stream);
    held.release();
    // Answered after what was held, whose endpoint is gone or goes.
    await back.request('restartIce', { leg: { kind: 'down', stream }, sdpOffer: offer(), via: 'any' });
    await kurento.until(() => downs().length === 1);
    expect(sdpAnswer).toContain(downs()[0]?.id);
    await ada.until(() => ada.toldOf('ledger').some(({ viewers }) => viewers.length > 0));
    const states = ada.toldOf('ledger').flatMap(({ viewers }) => viewers.map(({ status }) => status.state));
    expect(states).not.toContain('failed');
  },
);

test('candidates of a viewer that come before there is any endpoint are kept for it, but for the empty one', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  const leg = { kind: 'down', stream } as const;
  for (const candidate of ['candidate:1', 'candidate:2', ''])
    await bob.request('addCandidate', { leg, candidate: { candidate, sdpMid: '0' } });
  expect(downs()).toEqual([]);
  await watch(bob, stream);
  const applied = kurento.callsOf('addIceCandidate');
  expect(applied.map(({ object }) => object)).toEqual([downs()[0]?.id, downs()[0]?.id]);
  expect(applied.map(({ params }) => params['candidate'])).toMatchObject([
    { candidate: 'candidate:1' },
    { candidate: 'candidate:2' },
  ]);
});

test('candidates of the next offer wait for the next endpoint, and those of the last one go nowhere', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  await watch(bob, stream, 'old1');
  const leg = { kind: 'down', stream } as const;
  const candidate = (text: string) => ({ leg, candidate: { candidate: `candidate:1 ${text}`, sdpMid: '0' } });
  await bob.request('addCandidate', candidate('ufrag new2'));
  expect(kurento.callsOf('addIceCandidate')).toEqual([]);
  await watch(bob, stream, 'new2');
  await bob.request('addCandidate', candidate('ufrag old1'));
  await bob.request('addCandidate', candidate('ufrag new2 last'));
  await kurento.until(() => kurento.callsOf('addIceCandidate').length === 2);
  const [down] = downs();
  expect(kurento.callsOf('addIceCandidate').map(({ object }) => object)).toEqual([down?.id, down?.id]);
});

test.each([
  'create WebRtcEndpoint',
  'addTag',
  'subscribe IceCandidateFound',
  'connect',
  'processOffer',
  'gatherCandidates',
])(
  'when "%s" fails for a viewer, they get an error, no endpoint is left, and the stream goes on',
  async (step) => {
    const { kurento } = harness;
    const room = await harness.createRoom();
    const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
    const stream = await harness.broadcast(ada);
    kurento.failOnce(step, 40001);
    expect(await bob.refused('watch', { stream, sdpOffer: offer() })).toBe('media-server-refused');
    expect(downs()).toEqual([]);
    await watch(bob, stream);
    expect(downs()).toHaveLength(1);
    expect(ada.toldOf('streamStopped')).toEqual([]);
  },
);

test('a viewer who goes away while their endpoint is created leaves none', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  const held = kurento.hold('create WebRtcEndpoint');
  const watching = watch(bob, stream).catch(String);
  await held.arrived;
  bob.socket.terminate();
  await ada.hears('participantLeft');
  held.release();
  await watching;
  await kurento.until(() => downs().length === 1);
  await kurento.until(() => downs().length === 0);
  expect(kurento.ofType('WebRtcEndpoint')).toHaveLength(1);
});

test('a stream that ends while somebody begins to watch: they are told so, and nothing is left', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  const held = kurento.hold('processOffer');
  const refusal = bob.refused('watch', { stream, sdpOffer: offer() });
  await held.arrived;
  await ada.request('stopBroadcast', { stream });
  held.release();
  expect(await refusal).toBe('unknown-stream');
  await kurento.until(() => kurento.objects.size === 0);
});

test('unwatching takes only the viewer’s own endpoint away', async () => {
  const room = await harness.createRoom();
  const [ada, bob, eve] = [
    await harness.joined(room),
    await harness.joined(room, 'Bob'),
    await harness.joined(room, 'Eve'),
  ];
  const stream = await harness.broadcast(ada);
  await watch(bob, stream);
  await watch(eve, stream);
  await bob.request('unwatch', { stream });
  expect(downs()).toHaveLength(1);
  expect(eve.toldOf('streamStopped')).toEqual([]);
});

test('a viewer’s endpoint is released when their peer connection closes without a word', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  await watch(bob, stream);
  kurento.emit(downs()[0]?.id ?? '', 'DtlsConnectionStateChange', { state: 'CLOSED' });
  await kurento.until(() => downs().length === 0);
  await watch(bob, stream);
  expect(downs()).toHaveLength(1);
});

test('stopping tells the viewers, not the sender, and releases everything', async () => {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  await watch(bob, stream);
  await ada.request('stopBroadcast', { stream });
  expect(harness.kurento.objects.size).toBe(0);
  expect(await bob.hears('streamStopped')).toEqual({ stream, reason: 'stopped' });
  expect(ada.toldOf('streamStopped')).toEqual([]);
});

test.each([
  ['leave', 'left'],
  ['close the page', 'left'],
  ['vanish', 'connection-lost'],
] as const)('when they %s, everything of them is gone, and the others are told why', async (how, reason) => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const [camera, screen] = [await harness.broadcast(ada), await harness.broadcast(ada, 'screen')];
  const bobs = await harness.broadcast(bob);
  await watch(bob, camera);
  await watch(ada, bobs);
  if (how === 'leave') await ada.request('leave', {});
  else if (how === 'close the page') await ada.close();
  else ada.socket.terminate();
  expect(await bob.hears('participantLeft')).toMatchObject({ reason });
  expect(bob.toldOf('streamStopped')).toEqual([
    { stream: camera, reason },
    { stream: screen, reason },
  ]);
  await kurento.until(() => kurento.objects.size === 2);
  for (const object of kurento.objects.values()) expect(object.tags.get('stream')).toBe(bobs);
});

test('when the media server is lost, every stream ends with that reason, and all goes on when it is back', async () => {
  const { kurento } = harness;
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  await kurento.stopListening();
  const lost = { stream, reason: 'media-server-lost' };
  expect(await bob.hears('streamStopped')).toEqual(lost);
  expect(await ada.hears('streamStopped')).toEqual(lost);
  expect(await bob.hears('mediaServer')).toEqual({ available: false });
  const wish = { kind: 'camera', audio: true, video: true, muted: false } as const;
  expect(await ada.refused('requestBroadcast', wish)).toBe('media-server-unreachable');
  const eve = await harness.browser();
  expect(await eve.hears('mediaServer')).toEqual({ available: false });
  expect((await eve.request('join', { room, name: 'Eve' })).streams).toEqual([]);
  await kurento.listenAgain();
  expect(await bob.hears('mediaServer', 2)).toEqual({ available: true });
  await harness.broadcast(ada);
  expect(await bob.hears('streamStarted', 2)).toBeDefined();
});

test('a media server that is lost during a set-up answers the request with that reason', async () => {
  const { kurento } = harness;
  const ada = await harness.joined(await harness.createRoom());
  const { stream } = await ada.request('requestBroadcast', {
    kind: 'camera',
    audio: true,
    video: true,
    muted: false,
  });
  const held = kurento.hold('processOffer');
  const refusal = ada.refused('startBroadcast', { stream: stream.id, sdpOffer: offer() });
  await held.arrived;
  kurento.disconnect('remembering');
  expect(['media-server-unreachable', 'unknown-stream']).toContain(await refusal);
  held.release();
  // What the lost connection left is swept by the next one.
  await ada.hears('mediaServer', 2);
  await kurento.until(() => kurento.objects.size === 0);
});
