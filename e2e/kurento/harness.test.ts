// The harness of the tests in this folder tests itself: without it, a test that sees nothing could pass.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dominantColour } from '../src/seeing-and-hearing.ts';
import { KurentoPage } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { browserOffers } from '../src/kurento/negotiation.ts';

let server: MediaServerAlone;
let page: KurentoPage;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open()]);
});
afterEach(() => page.closePeers());
afterAll(async () => {
  await page?.close();
  await server?.stop();
});

describe('two peers in one page', () => {
  it('see and hear each other through the media server, and not themselves', async () => {
    const connection = await server.connect();
    const mediaPipeline = await connection.create('MediaPipeline');
    const [red, blue] = await Promise.all([
      page.newPeer({ sends: { colour: 'red', hz: 440 } }),
      page.newPeer({ sends: { colour: 'blue', hz: 1_000 } }),
    ]);
    const [ofRed, ofBlue] = await Promise.all([
      connection.create('WebRtcEndpoint', { mediaPipeline }),
      connection.create('WebRtcEndpoint', { mediaPipeline }),
    ]);
    await connection.invoke(ofRed, 'connect', { sink: ofBlue });
    await connection.invoke(ofBlue, 'connect', { sink: ofRed });
    await Promise.all([browserOffers(connection, ofRed, red), browserOffers(connection, ofBlue, blue)]);
    await Promise.all([red.reaches('connected'), blue.reaches('connected')]);
    await red.sees('blue');
    await blue.sees('red');
    await red.hears(1_000);
    await blue.hears(440);
    await Promise.all([red.seesFrames(), blue.hearsSomething()]);
    expect(await red.counts()).toMatchObject({ videoCodec: 'video/VP8', audioCodec: 'audio/opus' });
  });

  it('have no picture before anything is negotiated', async () => {
    const peer = await page.newPeer();
    expect(await dominantColour(peer.video)).toBe('none');
    expect(await peer.counts()).toMatchObject({ framesDecoded: 0, audioEnergy: 0 });
  });
});
