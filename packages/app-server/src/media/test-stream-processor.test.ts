// Flows 1 and 2, from the browser's messages to what the media server is asked.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Harness, offer } from '../testing/harness.ts';
import type { TestBrowser } from '../testing/test-browser.ts';
import { MAX_TESTS, MAX_TESTS_OF_ADDRESS } from './test-slots.ts';
import { TEST_CONNECT_DEADLINE_MS } from './test-stream-processor.ts';

let harness: Harness;
let ada: TestBrowser;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  harness = await Harness.start({ trustedProxies: ['127.0.0.1'] });
  ada = await harness.browser();
});
afterEach(async () => {
  vi.useRealTimers();
  await harness.close();
});

const record = { sdpOffer: offer(), audio: true, video: true };
const testFiles = () => readdirSync(join(harness.dataDir, 'tests'));

/** Records to the end, a second at a time. */
async function recordAll(browser: TestBrowser): Promise<void> {
  await browser.request('startTestRecord', record);
  for (let tick = 1; tick <= 5; tick++) {
    await browser.until(() => browser.toldOf('testTick').length >= tick);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  await browser.hears('testRecorded');
}

async function startPlayback(browser: TestBrowser): Promise<{ player: string; endpoint: string }> {
  await browser.request('startTestPlayback', { sdpOffer: offer() });
  const [player] = harness.kurento.ofType('PlayerEndpoint');
  const [endpoint] = harness.kurento.ofType('WebRtcEndpoint');
  return { player: player?.id ?? '', endpoint: endpoint?.id ?? '' };
}

test('records without a room: a tick a second from 0, an end at five seconds, and nothing left but the file', async () => {
  const { kurento } = harness;
  await ada.request('requestTest', {});
  expect((await ada.request('startTestRecord', record)).seconds).toBe(5);
  const [recorder] = kurento.ofType('RecorderEndpoint');
  expect(recorder?.params).toMatchObject({ mediaProfile: 'WEBM', stopOnEndOfStream: true });
  for (let tick = 1; tick <= 5; tick++) {
    await ada.until(() => ada.toldOf('testTick').length === tick);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(await ada.hears('testRecorded')).toEqual({ seconds: 5 });
  expect(ada.toldOf('testTick').map(({ seconds }) => seconds)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(kurento.objects.size).toBe(0);
  expect(testFiles()).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ada.toldOf('testRecorded')).toHaveLength(1);
});

test.each([
  [{ audio: true, video: false }, 'WEBM_AUDIO_ONLY', ['AUDIO']],
  [{ audio: false, video: true }, 'WEBM_VIDEO_ONLY', ['VIDEO']],
] as const)('the recorder waits only for what comes: %o', async (kinds, profile, connected) => {
  await ada.request('startTestRecord', { sdpOffer: offer(kinds), ...kinds });
  expect(harness.kurento.ofType('RecorderEndpoint')[0]?.params).toMatchObject({ mediaProfile: profile });
  expect(harness.kurento.callsOf('connect').map(({ params }) => params['mediaType'])).toEqual(connected);
});

test('ticks are counted from when media reaches the recorder', async () => {
  const { kurento } = harness;
  kurento.recordsAtOnce = false;
  await ada.request('startTestRecord', record);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(ada.toldOf('testTick')).toEqual([]);
  const [recorder] = kurento.ofType('RecorderEndpoint');
  if (recorder) kurento.startRecording(recorder);
  expect(await ada.hears('testTick')).toEqual({ seconds: 0 });
});

test('when no media comes, the test fails and says so', async () => {
  harness.kurento.recordsAtOnce = false;
  await ada.request('startTestRecord', record);
  for (let waited = 0; waited < TEST_CONNECT_DEADLINE_MS; waited += 1_000) {
    await vi.advanceTimersByTimeAsync(1_000);
    await ada.request('requestTest', {});
  }
  expect((await ada.hears('testFailed')).message).toContain('no picture or sound');
  expect(harness.kurento.objects.size).toBe(0);
  expect(await ada.refused('startTestPlayback', { sdpOffer: offer() })).toBe('nothing-recorded');
});

test('stopTest ends a recording early, and what there is can be played', async () => {
  await ada.request('startTestRecord', record);
  await ada.hears('testTick');
  await vi.advanceTimersByTimeAsync(1_000);
  await ada.hears('testTick', 2);
  await ada.request('stopTest', {});
  expect(await ada.hears('testRecorded')).toEqual({ seconds: 1 });
  await startPlayback(ada);
});

test('plays once the browser is connected, and says when the end is reached', async () => {
  const { kurento } = harness;
  await recordAll(ada);
  const { player, endpoint } = await startPlayback(ada);
  expect(kurento.objects.get(player)?.params['uri']).toContain(testFiles()[0]);
  expect(kurento.callsOf('play')).toEqual([]);
  kurento.emit(endpoint, 'ConnectionStateChanged', { oldState: 'DISCONNECTED', newState: 'CONNECTED' });
  await kurento.until(() => kurento.callsOf('play').length === 1);
  kurento.emit(endpoint, 'ConnectionStateChanged', { oldState: 'DISCONNECTED', newState: 'CONNECTED' });
  kurento.emit(player, 'EndOfStream');
  await ada.hears('testPlayed');
  expect(kurento.callsOf('play')).toHaveLength(1);
  expect(kurento.objects.size).toBe(0);
  await startPlayback(ada);
});

test('an error of the player, which Kurento repeats, fails the test once', async () => {
  const { kurento } = harness;
  await recordAll(ada);
  const { player } = await startPlayback(ada);
  for (let n = 0; n < 4; n++) kurento.emit(player, 'Error', { description: 'INVALID_URI' });
  expect(await ada.hears('testFailed')).toEqual({ message: 'INVALID_URI' });
  await ada.request('stopTest', {});
  expect(ada.toldOf('testFailed')).toHaveLength(1);
  expect(kurento.objects.size).toBe(0);
});

test('a playback that is stopped is not called played', async () => {
  await recordAll(ada);
  await startPlayback(ada);
  await ada.request('stopTest', {});
  expect(harness.kurento.objects.size).toBe(0);
  expect(ada.toldOf('testPlayed')).toEqual([]);
});

test('recording again replaces the file, and playing something else’s file is impossible', async () => {
  await recordAll(ada);
  const [first] = testFiles();
  await ada.request('startTestRecord', record);
  expect(testFiles()).toHaveLength(1);
  expect(testFiles()[0]).not.toBe(first);
  const bob = await harness.browser();
  expect(await bob.refused('startTestPlayback', { sdpOffer: offer() })).toBe('nothing-recorded');
});

test.each([
  'create MediaPipeline',
  'create WebRtcEndpoint',
  'processOffer',
  'gatherCandidates',
  'create RecorderEndpoint',
  'subscribe Recording',
  'connect',
  'record',
])('when "%s" fails, recording is refused, nothing is left, and it can be tried again', async (step) => {
  harness.kurento.failOnce(step, 40009);
  expect(await ada.refused('startTestRecord', record)).toBe('media-server-refused');
  expect(harness.kurento.objects.size).toBe(0);
  await ada.request('startTestRecord', record);
});

test.each([
  'create MediaPipeline',
  'create PlayerEndpoint',
  'subscribe EndOfStream',
  'create WebRtcEndpoint',
  'connect',
  'processOffer',
])('when "%s" fails, playback is refused, nothing is left, and it can be tried again', async (step) => {
  await recordAll(ada);
  harness.kurento.failOnce(step, 40001);
  expect(await ada.refused('startTestPlayback', { sdpOffer: offer() })).toBe('media-server-refused');
  expect(harness.kurento.objects.size).toBe(0);
  await startPlayback(ada);
});

test.each([
  'create MediaPipeline',
  'create WebRtcEndpoint',
  'processOffer',
  'create RecorderEndpoint',
  'record',
])('a page that is closed during "%s" leaves nothing, not even the file', async (step) => {
  const { kurento } = harness;
  const held = kurento.hold(step);
  const starting = ada.request('startTestRecord', record).catch(String);
  await held.arrived;
  ada.socket.terminate();
  await starting;
  held.release();
  await kurento.until(() => kurento.callsOf(step).length === 1 && kurento.objects.size === 0);
  await harness.server.close();
  expect(kurento.objects.size).toBe(0);
  expect(testFiles()).toEqual([]);
});

test('closing the page in the middle ends the ticks and deletes the file', async () => {
  const { kurento } = harness;
  await ada.request('startTestRecord', record);
  await ada.hears('testTick');
  const [recorder] = kurento.ofType('RecorderEndpoint');
  const file = fileURLToPath(String(recorder?.params['uri']));
  expect(existsSync(file)).toBe(true);
  await ada.close();
  await kurento.until(() => kurento.objects.size === 0);
  await harness.server.close();
  expect(existsSync(file)).toBe(false);
});

test('candidates that come before the test’s endpoint are applied in order, but for the empty one', async () => {
  const { kurento } = harness;
  const candidate = (n: number) => ({
    candidate: `candidate:${n} 1 udp 1 192.0.2.1 ${n} typ host`,
    sdpMid: '0',
  });
  const leg = { kind: 'testRecord' } as const;
  for (const n of [1, 2]) await ada.request('addCandidate', { leg, candidate: candidate(n) });
  await ada.request('addCandidate', { leg, candidate: { candidate: '', sdpMid: '0' } });
  await ada.request('startTestRecord', record);
  await kurento.until(() => kurento.callsOf('addIceCandidate').length === 2);
  expect(kurento.callsOf('addIceCandidate').map(({ params }) => params['candidate'])).toMatchObject([
    candidate(1),
    candidate(2),
  ]);
});

test('a lost media server fails the test that runs', async () => {
  await ada.request('startTestRecord', record);
  await ada.hears('testTick');
  harness.kurento.disconnect('forgetting');
  expect((await ada.hears('testFailed')).message).toContain('media server');
});

test('tests cannot fill the server', async () => {
  const browsers = [];
  for (let n = 0; n < MAX_TESTS; n++) {
    const browser = await harness.browser({ headers: { 'x-forwarded-for': `192.0.2.${n}` } });
    await browser.request('startTestRecord', record);
    browsers.push(browser);
  }
  expect(await ada.refused('startTestRecord', record)).toBe('too-many-requests');
  await browsers[0]?.request('stopTest', {});
  await ada.request('startTestRecord', record);
});

test('one address cannot take all tests, and each that ends makes room', async () => {
  const browsers = await Promise.all(Array.from({ length: MAX_TESTS_OF_ADDRESS }, () => harness.browser()));
  for (const browser of browsers) await browser.request('startTestRecord', record);
  expect(await ada.refused('startTestRecord', record)).toBe('too-many-requests');
  const elsewhere = await harness.browser({ headers: { 'x-forwarded-for': '192.0.2.1' } });
  await elsewhere.request('startTestRecord', record);
  await browsers[0]?.request('stopTest', {});
  await ada.request('startTestRecord', record);
});

test('a recording whose file was not completed has failed, and is not played', async () => {
  await ada.request('startTestRecord', record);
  await ada.hears('testTick');
  harness.kurento.failOnce('stopAndWait', 40009);
  await ada.request('stopTest', {});
  expect(await ada.hears('testFailed')).toEqual({ message: 'the recording could not be completed' });
  expect(ada.toldOf('testRecorded')).toEqual([]);
  expect(await ada.refused('startTestPlayback', { sdpOffer: offer() })).toBe('nothing-recorded');
});
