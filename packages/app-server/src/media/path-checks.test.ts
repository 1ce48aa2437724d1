// Path checks, from the browser's messages to what the media server is asked: one at a time, few per address, and released
// in every case.
import { PATH_CHECK_SECONDS } from '@parley/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Harness, offer } from '../testing/harness.ts';
import type { TestBrowser } from '../testing/test-browser.ts';
import { GATHERING_DEADLINE_MS, MAX_PATH_CHECKS_OF_ADDRESS } from './path-checks.ts';

let harness: Harness;
let ada: TestBrowser;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  harness = await Harness.start({ trustedProxies: ['127.0.0.1'] });
  harness.kurento.answerCandidates = true;
  ada = await harness.browser();
});
afterEach(async () => {
  vi.useRealTimers();
  await harness.close();
});

const check = { sdpOffer: offer() };
const nothingLeft = () => harness.kurento.until(() => harness.kurento.objects.size === 0);

test('makes an endpoint that is connected to itself and tagged, without a room', async () => {
  const { kurento } = harness;
  const { sdpAnswer } = await ada.request('startPathCheck', check);
  expect(sdpAnswer).toContain('a=candidate:');
  const [endpoint] = kurento.ofType('WebRtcEndpoint');
  expect(kurento.callsOf('connect')).toMatchObject([
    { object: endpoint?.id, params: { sink: endpoint?.id } },
  ]);
  expect(Object.fromEntries(endpoint?.tags ?? [])).toMatchObject({ kind: 'pathCheck', room: 'check' });
  expect(kurento.ofType('MediaPipeline')[0]?.tags.has('parley')).toBe(true);
  await ada.request('stopPathCheck', {});
  expect(kurento.objects.size).toBe(0);
  await ada.request('stopPathCheck', {});
});

test('a second check replaces the first', async () => {
  await ada.request('startPathCheck', check);
  await ada.request('startPathCheck', check);
  expect(harness.kurento.ofType('MediaPipeline')).toHaveLength(1);
});

test('a media server that finds its addresses only when told to is waited for, and not for ever', async () => {
  const { kurento } = harness;
  kurento.answerCandidates = false;
  const answer = ada.request('startPathCheck', check);
  await kurento.until(() => kurento.callsOf('gatherCandidates').length === 1);
  kurento.emit(kurento.ofType('WebRtcEndpoint')[0]?.id ?? '', 'IceGatheringDone');
  expect((await answer).sdpAnswer).toContain('a=candidate:');

  const late = ada.request('startPathCheck', check);
  await kurento.until(() => kurento.callsOf('gatherCandidates').length === 2);
  await vi.advanceTimersByTimeAsync(GATHERING_DEADLINE_MS);
  await kurento.until(() => kurento.callsOf('getLocalSessionDescriptor').length === 2);
  expect((await late).sdpAnswer).toContain('a=candidate:');
});

test('ends by itself after its time', async () => {
  await ada.request('startPathCheck', check);
  await vi.advanceTimersByTimeAsync(PATH_CHECK_SECONDS * 1_000);
  await nothingLeft();
});

test('is released when the browser goes away, also in the middle of its making', async () => {
  const { kurento } = harness;
  await ada.request('startPathCheck', check);
  await ada.close();
  await nothingLeft();

  const bob = await harness.browser();
  const held = kurento.hold('create MediaPipeline');
  const refused = bob.refused('startPathCheck', check).catch(() => 'closed');
  await held.arrived;
  await bob.close();
  held.release();
  await refused;
  await kurento.until(() => kurento.callsOf('release').length === 2 && kurento.objects.size === 0);
});

test('leaves nothing when the media server refuses a step', async () => {
  harness.kurento.failOnce('connect', 40108);
  expect(await ada.refused('startPathCheck', check)).toBe('media-server-refused');
  expect(harness.kurento.objects.size).toBe(0);
});

test('an address has few at a time, and gets each back, also when the media server was lost', async () => {
  const { kurento } = harness;
  const from = (address: string) => harness.browser({ headers: { 'x-forwarded-for': address } });
  for (let n = 0; n < MAX_PATH_CHECKS_OF_ADDRESS; n++)
    await (await from('192.0.2.1')).request('startPathCheck', check);
  const one = await from('192.0.2.1');
  expect(await one.refused('startPathCheck', check)).toBe('too-many-requests');
  await (await from('192.0.2.2')).request('startPathCheck', check);

  kurento.disconnect('forgetting');
  await one.hears('mediaServer');
  expect(await one.refused('startPathCheck', check)).toBe('media-server-unreachable');
  // The wait before the next attempt only: more would be the deadline of its connection, which comes in real time.
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await one.hears('mediaServer', 2)).toEqual({ available: true });
  await one.request('startPathCheck', check);
  expect(kurento.ofType('MediaPipeline')).toHaveLength(1);
});
