// The calls of Kurento's data channel tutorials by its own client: what a browser sends comes back to it, reaches
// another one, and is counted.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answerBrowser, nextEvent, refusalOf } from '../src/kurento/application.ts';
import { connectKurentoClient, type KurentoClient } from '../src/kurento/kurento-client.ts';
import { KurentoPage } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';

let server: MediaServerAlone;
let page: KurentoPage;
let client: KurentoClient;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open()]);
  client = await connectKurentoClient(server.url);
});
afterEach(() => page.closePeers());
afterAll(async () => {
  client?.close();
  await page?.close();
  await server?.stop();
});

describe('hello world with a data channel', () => {
  it('gives back text and bytes beside picture and sound', async () => {
    const alice = await page.newPeer({ sends: { colour: 'red' } });
    await alice.openChannel('greetings');
    const pipeline = await client.create('MediaPipeline');
    const endpoint = await pipeline.create('WebRtcEndpoint', { useDataChannels: true });
    const opened = nextEvent(endpoint, 'DataChannelOpened');
    const closed = nextEvent(endpoint, 'DataChannelClosed');
    await endpoint.connect(endpoint);
    await answerBrowser(endpoint, alice);
    await alice.channelIs('greetings', 'open');
    const { channelId } = await opened;
    await alice.send('greetings', 'Grüße 👋');
    await alice.send('greetings', [0, 1, 254, 255]);
    // As long as what a browser may send at once.
    const long = 'x'.repeat(200_000);
    await alice.send('greetings', long);
    expect(await alice.received('greetings', 3)).toEqual(['Grüße 👋', [0, 1, 254, 255], long]);
    await alice.sees('red');
    await endpoint.closeDataChannel(Number(channelId));
    await alice.channelIs('greetings', 'closed');
    await closed;
    await pipeline.release();
  });
});

describe('two browsers whose endpoints are connected', () => {
  it('hear each other on their channels, in the order of sending', async () => {
    const [alice, bob] = await Promise.all([page.newPeer(), page.newPeer()]);
    const pipeline = await client.create('MediaPipeline');
    const ofAlice = await pipeline.create('WebRtcEndpoint', { useDataChannels: true });
    const ofBob = await pipeline.create('WebRtcEndpoint', { useDataChannels: true });
    await ofAlice.connect(ofBob, 'DATA');
    await ofBob.connect(ofAlice, 'DATA');
    for (const [peer, endpoint] of [
      [alice, ofAlice],
      [bob, ofBob],
    ] as const) {
      await peer.openChannel('chat');
      await answerBrowser(endpoint, peer);
    }
    await Promise.all([alice.channelIs('chat', 'open'), bob.channelIs('chat', 'open')]);
    const said = Array.from({ length: 200 }, (_, index) => `message ${index}`);
    for (const text of said) await alice.send('chat', text);
    await bob.send('chat', 'enough');
    expect(await bob.received('chat', said.length)).toEqual(said);
    expect(await alice.received('chat')).toEqual(['enough']);
    await pipeline.release();
  });
});

describe('an endpoint that was made without data channels', () => {
  it('refuses to open one, by the original’s error', async () => {
    const pipeline = await client.create('MediaPipeline');
    const endpoint = await pipeline.create('WebRtcEndpoint');
    const refusal = await refusalOf((done) => endpoint.createDataChannel('chat', done));
    expect(refusal).toMatchObject({ code: 40111 });
    await pipeline.release();
  });
});
