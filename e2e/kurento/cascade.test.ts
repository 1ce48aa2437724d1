// Two endpoints of media servers as each other's peers, which is how Kurento's applications join pipelines and servers: both
// are ICE-lite and both would wait.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import { LibraryPeer } from '../src/kurento/library-peer.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { weriftConnection } from '../src/kurento/werift-peer.ts';

let servers: MediaServerAlone[];
let peer: LibraryPeer | undefined;
MediaServerAlone.showLogOnFailure(() => servers?.[0]);

beforeAll(async () => {
  servers = await Promise.all([startMediaServerAlone(), startMediaServerAlone()]);
});
afterEach(() => peer?.close());
afterAll(() => Promise.all(servers?.map((server) => server.stop()) ?? []));

/** An endpoint in a pipeline of its own. */
async function endpointOf(server: MediaServerAlone): Promise<[KurentoConnection, string, string]> {
  const connection = await server.connect();
  const pipeline = await connection.create('MediaPipeline');
  return [connection, await connection.create('WebRtcEndpoint', { mediaPipeline: pipeline }), pipeline];
}

it.each([
  ['one media server', 0],
  ['two media servers', 1],
])('media goes from a pipeline to another and back, of %s', async (_, other) => {
  const [near, far] = [servers[0], servers[other]];
  if (!near || !far) throw new Error('there are two');
  const [here, gate, mediaPipeline] = await endpointOf(near);
  const [there, mirror] = await endpointOf(far);
  const entrance = await here.create('WebRtcEndpoint', { mediaPipeline });
  await here.invoke(entrance, 'connect', { sink: gate });
  await here.invoke(gate, 'connect', { sink: entrance });
  await there.invoke(mirror, 'connect', { sink: mirror });
  await there.subscribe(mirror, 'ConnectionStateChanged');

  const offer = await here.invoke<string>(gate, 'generateOffer');
  const answer = await there.invoke<string>(mirror, 'processOffer', { offer });
  await here.invoke(gate, 'processAnswer', { answer });
  await there.event(mirror, 'ConnectionStateChanged', (data) => data['newState'] === 'CONNECTED');

  peer = new LibraryPeer(weriftConnection('VP8'), 'VP8');
  await peer.acceptAnswer(await here.invoke<string>(entrance, 'processOffer', { offer: await peer.offer() }));
  await peer.begin();
  await peer.getsItsOwnBack();

  // The goodbye of one is heard by the other.
  await here.release(gate);
  await there.event(mirror, 'ConnectionStateChanged', (data) => data['newState'] === 'DISCONNECTED');
  expect(await there.invoke(mirror, 'getConnectionState')).toBe('DISCONNECTED');
});
