// How either end learns that the other has gone: the browser of an endpoint that was released, the client of an endpoint
// whose browser hung up.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEADLINE } from '../src/kurento/driven-peer.ts';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import { KurentoPage, type BrowserPeer } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { browserOffers } from '../src/kurento/negotiation.ts';

let server: MediaServerAlone;
let page: KurentoPage;
let connection: KurentoConnection;
let pipeline: string;
let endpoint: string;
let alice: BrowserPeer;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open()]);
});
beforeEach(async () => {
  connection = await server.connect();
  pipeline = await connection.create('MediaPipeline');
  endpoint = await connection.create('WebRtcEndpoint', { mediaPipeline: pipeline });
  await connection.subscribe(
    endpoint,
    'MediaSessionTerminated',
    'ConnectionStateChanged',
    'DtlsConnectionStateChange',
  );
  await connection.invoke(endpoint, 'connect', { sink: endpoint });
  alice = await page.newPeer({ sends: { colour: 'red', hz: 440 } });
  await browserOffers(connection, endpoint, alice);
  await alice.sees('red');
});
afterEach(async () => {
  await page.closePeers();
  connection.close();
});
afterAll(async () => {
  await page?.close();
  await server?.stop();
});

/** Whether the browser was told that no more will come, rather than left to find out. */
function dtlsOf(peer: BrowserPeer): Promise<string | undefined> {
  return peer.handle.evaluate(({ connection }) => connection.getSenders()[0]?.transport?.state);
}

describe('a browser', () => {
  it('learns at once that its endpoint was released, by itself or with its pipeline', async () => {
    const other = await connection.create('WebRtcEndpoint', { mediaPipeline: pipeline });
    const bob = await page.newPeer({ sends: { hz: 600 } });
    await browserOffers(connection, other, bob);
    await bob.reaches('connected');
    await connection.release(endpoint);
    await expect.poll(() => dtlsOf(alice), DEADLINE).toBe('closed');
    await connection.event(endpoint, 'MediaSessionTerminated');
    expect(await dtlsOf(bob)).toBe('connected');
    await connection.release(pipeline);
    await expect.poll(() => dtlsOf(bob), DEADLINE).toBe('closed');
  });
});

describe('a client', () => {
  it('learns at once that the browser has hung up, and the pipeline goes on', async () => {
    await alice.close();
    await connection.event(endpoint, 'MediaSessionTerminated');
    await connection.event(endpoint, 'DtlsConnectionStateChange', ({ state }) => state === 'CLOSED');
    await connection.event(
      endpoint,
      'ConnectionStateChanged',
      ({ oldState, newState }) => oldState === 'CONNECTED' && newState === 'DISCONNECTED',
    );
    expect(await connection.invoke(endpoint, 'getConnectionState')).toBe('DISCONNECTED');
    const bob = await page.newPeer();
    const other = await connection.create('WebRtcEndpoint', { mediaPipeline: pipeline });
    await browserOffers(connection, other, bob);
    await bob.reaches('connected');
  });
});
