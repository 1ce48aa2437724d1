// Peers that are no browsers: each sends Opus and one video codec to an endpoint that is connected to itself, whoever
// offers, and gets the same bytes back.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { libdatachannelConnection } from '../src/kurento/libdatachannel-peer.ts';
import { LibraryPeer } from '../src/kurento/library-peer.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { weriftConnection } from '../src/kurento/werift-peer.ts';

let server: MediaServerAlone;
let peer: LibraryPeer | undefined;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  server = await startMediaServerAlone();
});
afterEach(() => peer?.close());
afterAll(() => server?.stop());

const LIBRARIES = { werift: weriftConnection, libdatachannel: libdatachannelConnection };

const CASES = (['werift', 'libdatachannel'] as const).flatMap((library) =>
  (['VP8', 'H264'] as const).flatMap((codec) =>
    (['it offers', 'the endpoint offers'] as const).map((who) => ({ library, codec, who })),
  ),
);

it.each(CASES)('$library sends and receives $codec and Opus when $who', async ({ library, codec, who }) => {
  const connection = await server.connect();
  const mediaPipeline = await connection.create('MediaPipeline');
  const endpoint = await connection.create('WebRtcEndpoint', { mediaPipeline });
  await connection.subscribe(endpoint, 'MediaFlowInStateChanged', 'Error');
  await connection.invoke(endpoint, 'connect', { sink: endpoint });
  peer = new LibraryPeer(LIBRARIES[library](codec), codec);
  if (who === 'it offers') {
    const answer = await connection.invoke<string>(endpoint, 'processOffer', { offer: await peer.offer() });
    await peer.acceptAnswer(answer);
  } else {
    const offer = await connection.invoke<string>(endpoint, 'generateOffer');
    await connection.invoke(endpoint, 'processAnswer', { answer: await peer.answer(offer) });
  }
  await peer.begin();
  await peer.getsItsOwnBack();
  expect(connection.eventsOf(endpoint, 'Error')).toEqual([]);
  await connection.release(mediaPipeline);
});

it.each(['werift', 'libdatachannel'] as const)(
  '%s may wait for the endpoint to begin DTLS',
  async (library) => {
    const connection = await server.connect();
    const mediaPipeline = await connection.create('MediaPipeline');
    const endpoint = await connection.create('WebRtcEndpoint', { mediaPipeline });
    await connection.invoke(endpoint, 'connect', { sink: endpoint });
    peer = new LibraryPeer(LIBRARIES[library]('VP8'), 'VP8');
    const offer = (await peer.offer()).replaceAll('a=setup:actpass', 'a=setup:passive');
    const answer = await connection.invoke<string>(endpoint, 'processOffer', { offer });
    expect(answer).toContain('a=setup:active');
    await peer.acceptAnswer(answer);
    await peer.begin();
    await peer.getsItsOwnBack();
    await connection.release(mediaPipeline);
  },
);
