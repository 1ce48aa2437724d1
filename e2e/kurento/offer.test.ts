// The media server offers and a browser answers: everything that an application gets by generateOffer and processAnswer.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { KurentoPage, type BrowserPeer } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { browserOffers, endpointOffers } from '../src/kurento/negotiation.ts';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';

let server: MediaServerAlone;
let page: KurentoPage;
let connection: KurentoConnection;
let mediaPipeline: string;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open()]);
  connection = await server.connect();
});
afterEach(async () => {
  await page.closePeers();
  await connection.release(mediaPipeline);
});
afterAll(async () => {
  await page?.close();
  await server?.stop();
});

async function endpoint(params: object = {}): Promise<string> {
  return connection.create('WebRtcEndpoint', { mediaPipeline, ...params });
}

/** As applications do that prefer a codec: browsers send the first one of an offer. */
function withFirst(codec: string, offer: string): string {
  const [, number = ''] = new RegExp(`a=rtpmap:(\\d+) ${codec}/`).exec(offer) ?? [];
  return offer.replace(
    /^(m=video \S+ \S+) (.*)$/m,
    (_line, start: string, formats: string) =>
      `${start} ${[number, ...formats.split(' ').filter((each) => each !== number)].join(' ')}`,
  );
}

it.each(['VP8', 'H264', 'VP9'])('a browser that is offered %s first sees and hears itself', async (codec) => {
  mediaPipeline = await connection.create('MediaPipeline');
  const loop = await endpoint();
  await connection.invoke(loop, 'connect', { sink: loop });
  const peer = await page.newPeer({ sends: { colour: 'red', hz: 440 } });
  const offer = await connection.invoke<string>(loop, 'generateOffer');
  const answer = await peer.answer(codec === 'VP8' ? offer : withFirst(codec, offer));
  expect(await connection.invoke(loop, 'processAnswer', { answer })).toBe(offer);
  await peer.sees('red');
  await peer.hears(440);
  expect(await peer.counts()).toMatchObject({ videoCodec: `video/${codec}`, audioCodec: 'audio/opus' });
});

it('a browser that answers without the codec that it sends is seen by those that take it', async () => {
  mediaPipeline = await connection.create('MediaPipeline');
  const [up, down] = [await endpoint(), await endpoint()];
  await connection.invoke(up, 'connect', { sink: down });
  const sender = await page.newPeer({ sends: { colour: 'blue' }, videoCodec: 'video/H264' });
  const viewer = await page.newPeer();
  await Promise.all([endpointOffers(connection, up, sender), endpointOffers(connection, down, viewer)]);
  expect(await connection.invoke(up, 'getRemoteSessionDescriptor')).not.toContain('VP8');
  await viewer.sees('blue');
  expect(await viewer.counts()).toMatchObject({ videoCodec: 'video/VP8' });
});

/** What the browser's encoder of sound aims at, in bit/s; undefined while it sends none. */
function audioTarget(peer: BrowserPeer): Promise<number | undefined> {
  return peer.handle.evaluate(async ({ connection }) => {
    const stats = (await connection.getStats()) as unknown as Map<string, Record<string, unknown>>;
    const sent = [...stats.values()].find((one) => one['type'] === 'outbound-rtp' && one['kind'] === 'audio');
    return sent?.['targetBitrate'] as number | undefined;
  });
}

it.each([
  ['the endpoint offers', endpointOffers],
  ['the browser offers', browserOffers],
])('a browser keeps to the bandwidth of audio when %s', async (_who, negotiate) => {
  mediaPipeline = await connection.create('MediaPipeline');
  const [bounded, free] = [await endpoint(), await endpoint()];
  await connection.invoke(bounded, 'setMaxAudioRecvBandwidth', { maxAudioRecvBandwidth: 20 });
  const peers = [await page.newPeer({ sends: { hz: 440 } }), await page.newPeer({ sends: { hz: 440 } })];
  await Promise.all([negotiate(connection, bounded, peers[0]), negotiate(connection, free, peers[1])]);
  await Promise.all(peers.map((peer) => peer.reaches('connected')));
  await expect.poll(() => audioTarget(peers[1]), { timeout: 20_000 }).toBeGreaterThan(20_000);
  await expect.poll(() => audioTarget(peers[0]), { timeout: 20_000 }).toBeLessThanOrEqual(20_000);
});

it('endpoints made to receive and to send only offer so, and pass on what comes', async () => {
  mediaPipeline = await connection.create('MediaPipeline');
  const [up, down] = [await endpoint({ recvonly: true }), await endpoint({ sendonly: true })];
  await connection.invoke(up, 'connect', { sink: down });
  const [sender, viewer] = await Promise.all([
    page.newPeer({ sends: { colour: 'blue', hz: 1_000 } }),
    page.newPeer({ sends: { colour: 'red', hz: 440 } }),
  ]);
  await Promise.all([endpointOffers(connection, up, sender), endpointOffers(connection, down, viewer)]);
  await viewer.sees('blue');
  await viewer.hears(1_000);
  // Nobody asked for its camera, and nobody sends to the sender.
  expect(await viewer.counts()).toMatchObject({ framesSent: 0 });
  expect(await sender.counts()).toMatchObject({ videoPacketsReceived: 0, audioPacketsReceived: 0 });
});

it('an offer without video is answered without, by the local description alone and without trickling', async () => {
  mediaPipeline = await connection.create('MediaPipeline');
  const loop = await endpoint();
  await connection.subscribe(loop, 'IceGatheringDone');
  await connection.invoke(loop, 'connect', { sink: loop });
  const options = { offerToReceiveVideo: false };
  const offer = await connection.invoke<string>(loop, 'generateOffer', { options });
  await connection.invoke(loop, 'gatherCandidates');
  await connection.event(loop, 'IceGatheringDone');
  const whole = await connection.invoke<string>(loop, 'getLocalSessionDescriptor');
  const peer = await page.newPeer({ sends: { hz: 440 } });
  expect(await connection.invoke(loop, 'processAnswer', { answer: await peer.answer(whole) })).toBe(offer);
  await peer.hears(440);
  expect(offer).not.toContain('m=video');
});

it('an endpoint of one interface without TCP announces that interface by UDP, and connects there', async () => {
  mediaPipeline = await connection.create('MediaPipeline');
  const loop = await endpoint();
  await connection.invoke(loop, 'setNetworkInterfaces', { networkInterfaces: 'lo' });
  await connection.invoke(loop, 'setIceTcp', { iceTcp: false });
  await connection.subscribe(loop, 'IceCandidateFound', 'NewCandidatePairSelected');
  await connection.invoke(loop, 'connect', { sink: loop });
  const peer = await page.newPeer({ sends: { colour: 'red' } });
  await endpointOffers(connection, loop, peer);
  await peer.sees('red');
  const candidates = connection
    .eventsOf(loop, 'IceCandidateFound')
    .map(({ data }) => (data.candidate as { candidate: string }).candidate.split(' '));
  expect(new Set(candidates.map((words) => words[2]))).toEqual(new Set(['udp']));
  expect(candidates.map((words) => words[4])).toContain('127.0.0.1');
});
