// Firefox as a peer of the media server: whoever offers, it sends and receives, and sees Chromium as Chromium sees it.
// Debian's plays no sound without a sound device, so that what it hears is counted in packets.
import { networkInterfaces } from 'node:os';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { DEADLINE } from '../src/kurento/driven-peer.ts';
import { FAKE_HZ, FirefoxPage } from '../src/kurento/firefox-page.ts';
import { KurentoPage } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { browserOffers, endpointOffers } from '../src/kurento/negotiation.ts';

let server: MediaServerAlone;
let firefox: FirefoxPage;
let chromium: KurentoPage;
MediaServerAlone.showLogOnFailure(() => server);

/** Firefox reaches nothing on loopback as long as the machine has another address. */
const ownAddresses = Object.values(networkInterfaces())
  .flatMap((entries) => entries ?? [])
  .filter(({ family, internal }) => family === 'IPv4' && !internal)
  .map(({ address }) => address);

beforeAll(async () => {
  [server, firefox, chromium] = await Promise.all([
    startMediaServerAlone({ flags: ['--announce', [...ownAddresses, '127.0.0.1'].join(',')] }),
    FirefoxPage.open(),
    KurentoPage.open(),
  ]);
});
afterEach(() => Promise.all([firefox.closePeers(), chromium.closePeers()]));
afterAll(async () => {
  await Promise.all([firefox?.close(), chromium?.close()]);
  await server?.stop();
});

it.each([
  ['it offers', browserOffers],
  ['the endpoint offers', endpointOffers],
])('sends and receives sound and picture when %s', async (_, negotiate) => {
  const { connection, ofFirefox, ofChromium } = await connectedEndpoints();
  const fox = await firefox.newPeer('red');
  const other = await chromium.newPeer({ sends: { colour: 'blue', hz: 1_000 } });
  await Promise.all([negotiate(connection, ofFirefox, fox), browserOffers(connection, ofChromium, other)]);
  await other.sees('red');
  await other.hears(FAKE_HZ);
  await fox.seesFrames();
  await expect.poll(async () => (await fox.counts()).audioPacketsReceived, DEADLINE).toBeGreaterThan(20);
  expect(await fox.counts()).toMatchObject({ videoCodec: 'video/VP8', audioCodec: 'audio/opus' });
});

// It sends no picture here: as long as it may not download Cisco's encoder it takes libx264 with settings for films, which
// hold back fifty frames, and then sends none.
it.each([
  ['it offers', browserOffers],
  ['the endpoint offers', endpointOffers],
])('decodes H.264 when %s', async (_, negotiate) => {
  const { connection, ofFirefox, ofChromium } = await connectedEndpoints();
  const fox = await firefox.newPeer(undefined, 'video/H264');
  const other = await chromium.newPeer({
    sends: { colour: 'blue', hz: 1_000 },
    receives: ['audio'],
    videoCodec: 'video/H264',
  });
  await Promise.all([negotiate(connection, ofFirefox, fox), browserOffers(connection, ofChromium, other)]);
  await fox.seesFrames(30);
  await other.hears(FAKE_HZ);
  expect(await fox.counts()).toMatchObject({ videoCodec: 'video/H264' });
});

async function connectedEndpoints() {
  const connection = await server.connect();
  const mediaPipeline = await connection.create('MediaPipeline');
  const [ofFirefox, ofChromium] = [
    await connection.create('WebRtcEndpoint', { mediaPipeline }),
    await connection.create('WebRtcEndpoint', { mediaPipeline }),
  ];
  await connection.invoke(ofFirefox, 'connect', { sink: ofChromium });
  await connection.invoke(ofChromium, 'connect', { sink: ofFirefox });
  return { connection, ofFirefox, ofChromium };
}
