// The application server dies in the middle of a call, and the next one carries on; the media server has not noticed.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Resume, RoomId } from '@parley/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Harness, offer } from '../testing/harness.ts';
import type { TestBrowser } from '../testing/test-browser.ts';
import { LiveState } from './live-state.ts';

const LONG = 600_000;
const PATIENT = { legsMs: LONG, participantMs: LONG, legsAfterRestartMs: LONG };
let harness: Harness;
let room: RoomId;

beforeEach(async () => {
  harness = await Harness.start({ patience: PATIENT });
  room = await harness.createRoom();
});
afterEach(() => harness.close());

interface Person {
  browser: TestBrowser;
  resume: Resume;
}

async function enter(name: string, resume?: Resume) {
  const browser = await harness.browser();
  const result = await browser.request('join', { room, name, resume });
  return { ...result, browser, resume: { participant: result.self.id, secret: result.secret } };
}

/** Ada and Bob, who see each other; resolves when that is written down. */
async function call() {
  const [ada, bob] = [await enter('Ada'), await enter('Bob')];
  const adas = await harness.broadcast(ada.browser);
  const bobs = await harness.broadcast(bob.browser);
  await ada.browser.request('watch', { stream: bobs, sdpOffer: offer() });
  await bob.browser.request('watch', { stream: adas, sdpOffer: offer() });
  await written((state) => state.rooms[0]?.streams.filter(({ downs }) => downs.length === 1).length === 2);
  return { ada, bob, adas, bobs };
}

const liveFile = () => join(harness.dataDir, 'live.json');

async function written(condition: (state: LiveState) => boolean | undefined): Promise<void> {
  await vi.waitFor(
    async () => expect(condition(LiveState.parse(JSON.parse(await readFile(liveFile(), 'utf8'))))).toBe(true),
    { timeout: 10_000, interval: 10 },
  );
}

const objects = () => [...harness.kurento.objects.keys()].sort();
const madeOrReleased = () =>
  harness.kurento.calls.filter(({ name }) => name.startsWith('create') || name === 'release');

test('everyone is who they were with the legs they had, and nothing was made or released', async () => {
  const { ada, bob, adas, bobs } = await call();
  await ada.browser.request('setMuted', { stream: adas, muted: true });
  await written((state) => state.rooms[0]?.streams.some(({ muted }) => muted));
  const before = objects();
  harness.kurento.endpointsFlow = true;
  await harness.kill();
  const again = await enter('Ada', ada.resume);
  expect(again).toMatchObject({ self: ada.self, secret: ada.resume.secret });
  expect(again.participants).toEqual([{ ...bob.self, away: true }]);
  expect(again.legs).toEqual([
    { kind: 'up', stream: adas },
    { kind: 'down', stream: bobs },
  ]);
  expect(again.streams).toContainEqual(expect.objectContaining({ id: adas, muted: true }));
  const bobAgain = await enter('Bob', bob.resume);
  expect(bobAgain.legs).toHaveLength(2);
  expect(await again.browser.hears('participantChanged')).toEqual({ participant: bob.self });
  expect(objects()).toEqual(before);
  expect(madeOrReleased()).toEqual([]);
});

test('what the media server says of the legs is where their ledgers begin, and the browsers confirm them', async () => {
  const { ada, bob, bobs } = await call();
  harness.kurento.endpointsFlow = true;
  await harness.kill();
  const { browser } = await enter('Ada', ada.resume);
  await browser.until(() => browser.toldOf('ledger').length === 2);
  const ledger = browser.toldOf('ledger').find(({ stream }) => stream === bobs);
  expect(ledger?.up).toMatchObject({ state: 'confirmed' });
  expect(ledger?.viewers).toMatchObject([
    { participant: ada.self.id, status: { state: 'establishing', step: 'dtls-connected' } },
  ]);
  const status = { state: 'confirmed', step: 'confirmed', cause: null } as const;
  await browser.request('reportLeg', { leg: { kind: 'down', stream: bobs }, status });
  const bobAgain = await enter('Bob', bob.resume);
  await bobAgain.browser.until(() =>
    bobAgain.browser
      .toldOf('ledger')
      .some(({ viewers }) => viewers.some((viewer) => viewer.status.state === 'confirmed')),
  );
});

test('all that can be done with a stream can be done with one that was taken over', async () => {
  const { ada, bob, adas, bobs } = await call();
  await harness.kill();
  const [a, b] = [await enter('Ada', ada.resume), await enter('Bob', bob.resume)];
  const cleo = await enter('Cleo');
  await cleo.browser.request('watch', { stream: adas, sdpOffer: offer() });
  expect(harness.kurento.ofType('WebRtcEndpoint')).toHaveLength(5);
  await a.browser.request('unwatch', { stream: bobs });
  await a.browser.request('stopBroadcast', { stream: adas });
  expect(await b.browser.hears('streamStopped')).toMatchObject({ stream: adas });
  expect(harness.kurento.ofType('MediaPipeline')).toHaveLength(1);
  await b.browser.request('leave', {});
  await harness.kurento.until(() => harness.kurento.objects.size === 0);
});

test('what was only half made is released, and a stream that has lost its endpoint ends', async () => {
  const { ada, bob, adas, bobs } = await call();
  const { kurento } = harness;
  const endpointOf = (stream: string, kind: string) =>
    kurento
      .ofType('WebRtcEndpoint')
      .find(({ tags }) => tags.get('stream') === stream && tags.get('kind') === kind)?.id ?? '';
  const pipeline = endpointOf(adas, 'up').split('/')[0] ?? '';
  const stray = `${pipeline}/stray_kurento.WebRtcEndpoint`;
  let orphan = '';
  await harness.kill(() => {
    kurento.objects.set(stray, { id: stray, type: 'WebRtcEndpoint', params: {}, tags: new Map() });
    const tags = Object.fromEntries(kurento.objects.get(pipeline)?.tags ?? []);
    orphan = kurento.plant('MediaPipeline', tags).id;
    kurento.objects.delete(endpointOf(bobs, 'up'));
  });
  const again = await enter('Ada', ada.resume);
  expect(again.legs).toEqual([{ kind: 'up', stream: adas }]);
  expect(again.streams.map(({ id }) => id)).toEqual([adas]);
  expect((await enter('Bob', bob.resume)).legs).toEqual([{ kind: 'down', stream: adas }]);
  expect(kurento.objects.has(stray)).toBe(false);
  expect(kurento.objects.has(orphan)).toBe(false);
  expect(kurento.ofType('MediaPipeline').map(({ id }) => id)).toEqual([pipeline]);
});

test('who does not come back in time has left, with everything of theirs', async () => {
  await harness.close();
  const patience = { legsMs: LONG, participantMs: 60, legsAfterRestartMs: 20 };
  harness = await Harness.start({ patience });
  room = await harness.createRoom();
  const { ada } = await call();
  await harness.kill();
  await harness.kurento.until(() => harness.kurento.objects.size === 0);
  await vi.waitFor(async () => {
    const later = await enter('Ada', ada.resume);
    await later.browser.request('leave', {});
    expect(later.participants).toEqual([]);
    expect(later.self.id).not.toBe(ada.self.id);
  }, 10_000);
});

test('a recording goes on with the recorders it has, and others are added as ever', async () => {
  const { ada, bob } = await call();
  const { id } = await ada.browser.request('startRecording', {});
  await written((state) => state.rooms[0]?.recording?.pieces.length === 2);
  const recorders = harness.kurento.ofType('RecorderEndpoint').map((recorder) => recorder.id);
  await harness.kill();
  const again = await enter('Ada', ada.resume);
  expect(again.recording).toMatchObject({ id, startedBy: ada.self.id });
  expect(harness.kurento.ofType('RecorderEndpoint').map((recorder) => recorder.id)).toEqual(recorders);
  expect(harness.kurento.callsOf('stopAndWait')).toEqual([]);
  await harness.broadcast((await enter('Bob', bob.resume)).browser, 'screen');
  await harness.kurento.until(() => harness.kurento.ofType('RecorderEndpoint').length === 3);
  await again.browser.request('stopRecording', {});
  const url = `${harness.server.url}/api/rooms/${room}/recordings`;
  const { recordings } = (await (await fetch(url)).json()) as {
    recordings: { id: string; endedAt: number | null; pieces: { endedAt: number | null }[] }[];
  };
  expect(recordings).toHaveLength(1);
  expect(recordings[0]).toMatchObject({ id, endedAt: expect.any(Number) as number });
  expect(recordings[0]?.pieces.map(({ endedAt }) => typeof endedAt)).toEqual(['number', 'number', 'number']);
});

test('a recording whose media server is gone as well ends where its files end', async () => {
  const { ada } = await call();
  await ada.browser.request('startRecording', {});
  await written((state) => state.rooms[0]?.recording?.pieces.length === 2);
  await harness.kill(() => harness.kurento.objects.clear());
  const again = await enter('Ada', ada.resume);
  expect(again).toMatchObject({ self: ada.self, legs: [], streams: [], recording: null });
});

test('the secret of a participant is not in the file, and nobody else can read that', async () => {
  const { ada, bob } = await call();
  const text = await readFile(liveFile(), 'utf8');
  for (const { resume } of [ada, bob] satisfies Person[]) expect(text).not.toContain(resume.secret);
  expect((await stat(liveFile())).mode & 0o777).toBe(0o600);
  await harness.kill();
  const eve = await enter('Ada', { ...ada.resume, secret: `${ada.resume.secret.slice(0, -1)}!` });
  expect(eve.self.id).not.toBe(ada.self.id);
});

test('after an orderly end nothing goes on', async () => {
  const { ada } = await call();
  await harness.restart();
  expect(harness.kurento.objects.size).toBe(0);
  const again = await enter('Ada', ada.resume);
  expect(again).toMatchObject({ legs: [], streams: [], participants: [] });
  expect(again.self.id).not.toBe(ada.self.id);
});

test.each([
  ['that is not understood', () => '{"version":2}'],
  ['that is older than anybody waits', (text: string) => text.replace(/"aliveAt":\d+/, '"aliveAt":1')],
])('a file %s is no obstacle: calls begin anew, and what was left is released', async (_, change) => {
  const { ada } = await call();
  await harness.kill(async (folder) => {
    const file = join(folder, 'live.json');
    await writeFile(file, change(await readFile(file, 'utf8')));
  });
  expect(harness.kurento.objects.size).toBe(0);
  expect((await enter('Ada', ada.resume)).participants).toEqual([]);
});
