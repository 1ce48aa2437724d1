// Who is cut off and comes back: as the same participant, with what still runs; and who may not.
import { once } from 'node:events';
import { TAKEN_OVER_CODE, type Resume } from '@parley/protocol';
import { afterEach, expect, test } from 'vitest';
import { Harness, offer } from '../testing/harness.ts';
import type { TestBrowser } from '../testing/test-browser.ts';

const LONG = 600_000;
let harness: Harness;
afterEach(() => harness.close());

async function enter(
  browser: TestBrowser,
  room: Awaited<ReturnType<Harness['createRoom']>>,
  resume?: Resume,
) {
  const result = await browser.request('join', { room, name: 'Ada', resume });
  return { ...result, resume: { participant: result.self.id, secret: result.secret } };
}

async function roomWithBob() {
  const room = await harness.createRoom();
  const ada = await harness.browser();
  const first = await enter(ada, room);
  const bob = await harness.joined(room, 'Bob');
  return { room, ada, bob, first };
}

/** Both send a camera, and each watches the other. */
async function seeing({ ada, bob }: { ada: TestBrowser; bob: TestBrowser }) {
  const [adas, bobs] = [await harness.broadcast(ada), await harness.broadcast(bob)];
  await ada.request('watch', { stream: bobs, sdpOffer: offer() });
  await bob.request('watch', { stream: adas, sdpOffer: offer() });
  return { adas, bobs };
}

const comingsAndGoings = (browser: TestBrowser) =>
  browser.told.filter(({ name }) => name.startsWith('participant')).map(({ name }) => name);

test('a secret is told to its own browser only', async () => {
  harness = await Harness.start();
  const { room, first, bob } = await roomWithBob();
  expect(first.secret).toMatch(/^[A-Za-z0-9_-]{22}$/);
  await enter(await harness.browser(), room);
  await bob.hears('participantJoined');
  expect(bob.received.join('')).not.toContain(first.secret);
});

test('who is cut off and comes back at once is the same, and every leg is as it was', async () => {
  harness = await Harness.start({ patience: { legsMs: LONG, participantMs: LONG } });
  const { room, ada, bob, first } = await roomWithBob();
  const { adas, bobs } = await seeing({ ada, bob });
  const objects = [...harness.kurento.objects.keys()];
  ada.socket.terminate();
  expect(await bob.hears('participantChanged')).toEqual({ participant: { ...first.self, away: true } });
  const again = await enter(await harness.browser(), room, first.resume);
  expect(again).toMatchObject({ self: first.self, secret: first.secret });
  expect(again.participants).toHaveLength(1);
  expect(again.streams.map(({ id }) => id).sort()).toEqual([adas, bobs].sort());
  expect(again.legs).toEqual([
    { kind: 'up', stream: adas },
    { kind: 'down', stream: bobs },
  ]);
  expect(await bob.hears('participantChanged', 2)).toEqual({ participant: first.self });
  expect(comingsAndGoings(bob)).toEqual(['participantChanged', 'participantChanged']);
  expect([...harness.kurento.objects.keys()]).toEqual(objects);
});

test('who comes back later is the same without legs; who does not come back has left', async () => {
  harness = await Harness.start({ patience: { legsMs: 10, participantMs: LONG } });
  const { room, ada, bob, first } = await roomWithBob();
  const { adas, bobs } = await seeing({ ada, bob });
  ada.socket.terminate();
  expect(await bob.hears('streamStopped')).toEqual({ stream: adas, reason: 'connection-lost' });
  await harness.kurento.until(() => harness.kurento.ofType('WebRtcEndpoint').length === 1);
  const later = await harness.browser();
  const again = await enter(later, room, first.resume);
  expect(again).toMatchObject({ self: first.self, legs: [], streams: [{ id: bobs }] });
  await harness.broadcast(later);
  await later.request('watch', { stream: bobs, sdpOffer: offer() });
  expect(bob.toldOf('participantLeft')).toEqual([]);
});

test('a connection that nobody has noticed to be dead is closed by the one that resumes, which has its streams', async () => {
  harness = await Harness.start();
  const { room, ada, bob, first } = await roomWithBob();
  const { adas, bobs } = await seeing({ ada, bob });
  const screen = await harness.broadcast(ada, 'screen');
  const closed = once(ada.socket, 'close');
  const later = await harness.browser();
  const again = await enter(later, room, first.resume);
  expect((await closed)[0]).toBe(TAKEN_OVER_CODE);
  expect(again.legs).toHaveLength(3);
  expect(again.legs).toContainEqual({ kind: 'down', stream: bobs });
  expect(comingsAndGoings(bob)).toEqual([]);
  // The screen is the participant's own: a new one may take its place.
  await later.request('stopBroadcast', { stream: screen });
  await harness.broadcast(later, 'screen');
  await later.request('setMuted', { stream: adas, muted: true });
  expect(await bob.hears('streamChanged')).toMatchObject({ stream: { id: adas, muted: true } });
});

test('what the former connection did not finish is ended', async () => {
  harness = await Harness.start();
  const { room, ada, first } = await roomWithBob();
  const { kurento } = harness;
  const wish = { kind: 'camera', audio: true, video: true, muted: false } as const;
  const { stream } = await ada.request('requestBroadcast', wish);
  const held = kurento.hold('processOffer');
  const starting = ada.request('startBroadcast', { stream: stream.id, sdpOffer: offer() }).catch(String);
  await held.arrived;
  const later = await harness.browser();
  expect((await enter(later, room, first.resume)).legs).toEqual([]);
  const begun = harness.broadcast(later);
  held.release();
  await starting;
  const id = await begun;
  await kurento.until(() => [...kurento.objects.values()].every(({ tags }) => tags.get('stream') === id));
});

test('who has lost the page by loading it anew is the same person again', async () => {
  harness = await Harness.start({ patience: { legsMs: LONG, participantMs: LONG } });
  const { room, ada, bob, first } = await roomWithBob();
  await seeing({ ada, bob });
  await ada.close();
  expect(await bob.hears('participantLeft')).toEqual({ participant: first.self.id, reason: 'left' });
  const again = await enter(await harness.browser(), room, first.resume);
  expect(again).toMatchObject({ self: first.self, secret: first.secret, legs: [] });
  expect(await bob.hears('participantJoined')).toEqual({ participant: first.self });
});

test.each([
  [
    'a wrong secret',
    ({ participant, secret }: Resume) => ({ participant, secret: `${secret.slice(0, -1)}!` }),
  ],
  ['a longer secret', ({ participant, secret }: Resume) => ({ participant, secret: `${secret}é` })],
])('%s makes somebody new, and disturbs nobody', async (_, forge) => {
  harness = await Harness.start();
  const { room, ada, bob, first } = await roomWithBob();
  const stream = await harness.broadcast(ada);
  const eve = await enter(await harness.browser(), room, forge(first.resume));
  expect(eve.self.id).not.toBe(first.self.id);
  expect(eve.participants).toHaveLength(2);
  await ada.request('setMuted', { stream, muted: true });
  // Told after everything that there may be to tell of the coming.
  await bob.hears('streamChanged');
  expect(comingsAndGoings(bob)).toEqual(['participantJoined']);
});

test('a secret is good for its own room, and not after leaving', async () => {
  harness = await Harness.start({ patience: { legsMs: LONG, participantMs: LONG } });
  const { room, ada, first } = await roomWithBob();
  const elsewhere = await enter(await harness.browser(), await harness.createRoom(), first.resume);
  expect(elsewhere.self.id).not.toBe(first.self.id);
  await ada.request('leave', {});
  expect((await enter(ada, room, first.resume)).self.id).not.toBe(first.self.id);
});
