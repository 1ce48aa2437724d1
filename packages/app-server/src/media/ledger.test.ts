// "Who can see me": what the room is told of who receives a stream, from the media server's events and the viewers' reports.
import type { LegStatus, StreamId } from '@parley/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Harness, offer } from '../testing/harness.ts';
import type { TestBrowser } from '../testing/test-browser.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.close());

const CONFIRMED: LegStatus = { state: 'confirmed', step: 'confirmed', cause: null };

const endpoint = (direction: 'recvonly' | 'sendonly') => {
  const found = harness.kurento.ofType('WebRtcEndpoint').find(({ params }) => params[direction] === true);
  if (!found) throw new Error(`no ${direction} endpoint`);
  return found.id;
};

const ledgers = (browser: TestBrowser, stream: StreamId) =>
  browser.toldOf('ledger').filter((ledger) => ledger.stream === stream);

async function call() {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.joined(room, 'Bob')];
  const stream = await harness.broadcast(ada);
  await bob.request('watch', { stream, sdpOffer: offer({ ufrag: 'abcd' }) });
  return { room, ada, bob, stream };
}

test('the sender is confirmed to everyone once the media server sees sound and picture', async () => {
  const { kurento } = harness;
  const { ada, bob, stream } = await call();
  const up = endpoint('recvonly');
  kurento.emit(up, 'IceComponentStateChanged', { streamId: 1, componentId: 1, state: 'CONNECTED' });
  kurento.emit(up, 'DtlsConnectionStateChange', { state: 'CONNECTED' });
  kurento.emit(up, 'MediaFlowOutStateChanged', { mediaType: 'AUDIO', state: 'FLOWING' });
  await bob.until(() => ledgers(bob, stream).at(-1)?.up.step === 'media-arriving');
  kurento.emit(up, 'MediaFlowOutStateChanged', { mediaType: 'VIDEO', state: 'FLOWING' });
  for (const browser of [ada, bob])
    await browser.until(() => ledgers(browser, stream).at(-1)?.up.state === 'confirmed');
});

test('a viewer is confirmed by their own report, and gone from the ledger when they stop watching', async () => {
  const { ada, bob, stream } = await call();
  harness.kurento.emit(endpoint('sendonly'), 'DtlsConnectionStateChange', { state: 'CONNECTED' });
  await ada.until(() => ledgers(ada, stream).at(-1)?.viewers[0]?.status.step === 'dtls-connected');
  await bob.request('reportLeg', { leg: { kind: 'down', stream }, status: CONFIRMED });
  await ada.until(() => ledgers(ada, stream).at(-1)?.viewers[0]?.status.state === 'confirmed');
  await bob.request('unwatch', { stream });
  await ada.until(() => ledgers(ada, stream).at(-1)?.viewers.length === 0);
});

test('what a browser could not decode is told to the sender with its cause', async () => {
  const { ada, bob, stream } = await call();
  await bob.request('reportLeg', {
    leg: { kind: 'down', stream },
    status: { state: 'failed', step: 'media-arriving', cause: 'viewer-cannot-decode' },
  });
  await ada.until(() => ledgers(ada, stream).at(-1)?.viewers[0]?.status.cause === 'viewer-cannot-decode');
});

test('whoever comes later is told of the streams that run', async () => {
  const { room, stream } = await call();
  const cleo = await harness.joined(room, 'Cleo');
  await cleo.until(() => ledgers(cleo, stream).length > 0);
});

test('nobody reports on a leg that is not theirs', async () => {
  const { ada, bob, stream } = await call();
  const other = await harness.joined(await harness.createRoom(), 'Eve');
  const report = (kind: 'up' | 'down') => ({ leg: { kind, stream }, status: CONFIRMED });
  await expect(bob.request('reportLeg', report('up'))).rejects.toMatchObject({
    data: { reason: 'not-yours' },
  });
  await expect(ada.request('reportLeg', report('down'))).rejects.toMatchObject({
    data: { reason: 'unknown-stream' },
  });
  await expect(other.request('reportLeg', report('down'))).rejects.toMatchObject({
    data: { reason: 'unknown-stream' },
  });
});
