// A leg that runs finds a new way to the media server, on the endpoint that it has.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StreamId } from '@parley/protocol';
import { Harness, offer } from '../testing/harness.ts';
import type { TestBrowser } from '../testing/test-browser.ts';

let harness: Harness;
let ada: TestBrowser;
let bob: TestBrowser;
let stream: StreamId;
beforeEach(async () => {
  harness = await Harness.start();
  const room = await harness.createRoom();
  [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  stream = await harness.broadcast(ada);
  await bob.request('watch', { stream, sdpOffer: offer({ ufrag: 'old1' }) });
});
afterEach(() => harness.close());

const restart = (browser: TestBrowser, kind: 'up' | 'down', via: 'any' | 'tcp' | 'relay', ufrag = 'new2') =>
  browser.request('restartIce', { leg: { kind, stream }, sdpOffer: offer({ ufrag }), via });
const endpoints = () => harness.kurento.ofType('WebRtcEndpoint').map(({ id }) => id);

test('the up leg and the down leg are restarted each on its own endpoint, which stays', async () => {
  const before = endpoints();
  const up = await restart(ada, 'up', 'any');
  const down = await restart(bob, 'down', 'tcp');
  expect(endpoints()).toEqual(before);
  expect(up.sdpAnswer).toBe(`v=0 answer of ${before[0]} restarted via any`);
  expect(down.sdpAnswer).toBe(`v=0 answer of ${before[1]} restarted via tcp`);
});

test('a relay is the browser’s own business: the media server takes any way', async () => {
  expect((await restart(bob, 'down', 'relay')).sdpAnswer).toContain('via any');
});

test('candidates of the restarted offer go to the media server though they come before it, those of the former do not', async () => {
  const { kurento } = harness;
  const leg = { kind: 'down', stream } as const;
  const candidate = (text: string) => ({ leg, candidate: { candidate: `candidate:1 ${text}`, sdpMid: '0' } });
  await bob.request('addCandidate', candidate('ufrag new2'));
  expect(kurento.callsOf('addIceCandidate')).toEqual([]);
  await restart(bob, 'down', 'any');
  await bob.request('addCandidate', candidate('ufrag old1'));
  await bob.request('addCandidate', candidate('ufrag new2 last'));
  await kurento.until(() => kurento.callsOf('addIceCandidate').length === 2);
});

test('a media server that cannot restart ICE is told apart, and the leg goes on', async () => {
  harness.kurento.restartsIce = false;
  const before = endpoints();
  const params = { leg: { kind: 'down', stream }, sdpOffer: offer(), via: 'any' };
  expect(await bob.refused('restartIce', params)).toBe('not-supported');
  expect(endpoints()).toEqual(before);
});

test('a viewer who does not watch has nothing to restart', async () => {
  await bob.request('unwatch', { stream });
  const params = { leg: { kind: 'down', stream }, sdpOffer: offer(), via: 'any' };
  expect(await bob.refused('restartIce', params)).toBe('unknown-stream');
});

test('a test that is not running has nothing to restart', async () => {
  const params = { leg: { kind: 'testRecord' }, sdpOffer: offer(), via: 'any' };
  expect(await bob.refused('restartIce', params)).toBe('unknown-stream');
});
