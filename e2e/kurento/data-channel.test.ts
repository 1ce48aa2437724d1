// Data channels of Chromium through the media server: text and bytes between peers, with and without media beside them.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEADLINE } from '../src/kurento/driven-peer.ts';
import type { BrowserPeer } from '../src/kurento/kurento-page.ts';
import { KurentoPage } from '../src/kurento/kurento-page.ts';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { browserOffers, endpointOffers } from '../src/kurento/negotiation.ts';

const LONG = 65_536;

let server: MediaServerAlone;
let page: KurentoPage;
let connection: KurentoConnection;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open()]);
  connection = await server.connect();
});
afterEach(() => page.closePeers());
afterAll(async () => {
  connection?.close();
  await page?.close();
  await server?.stop();
});

/** Endpoints of one pipeline, subscribed to what tells of channels. */
async function endpoints(count: number): Promise<string[]> {
  const mediaPipeline = await connection.create('MediaPipeline');
  const params = { mediaPipeline, useDataChannels: true };
  const made = await Promise.all(
    Array.from({ length: count }, () => connection.create('WebRtcEndpoint', params)),
  );
  for (const endpoint of made) await connection.subscribe(endpoint, 'DataChannelOpened', 'DataChannelClosed');
  return made;
}

/** A peer with a channel and no media, connected. */
async function withChannel(endpoint: string, label: string): Promise<BrowserPeer> {
  const peer = await page.newPeer({ receives: [] });
  await peer.openChannel(label);
  await browserOffers(connection, endpoint, peer);
  await peer.channelIs(label, 'open');
  return peer;
}

const bytes = (length: number, step: number): number[] =>
  Array.from({ length }, (_, index) => (index * step) % 256);

describe('two peers without media', () => {
  it('send each other text and 64 KiB at once, over channels with names of their own', async () => {
    const [first, second] = await endpoints(2);
    await connection.invoke(first, 'connect', { sink: second, mediaType: 'DATA' });
    await connection.invoke(second, 'connect', { sink: first, mediaType: 'DATA' });
    const [anna, bert] = await Promise.all([
      withChannel(first, 'from anna'),
      withChannel(second, 'from bert'),
    ]);
    for (const endpoint of [first, second]) await connection.event(endpoint, 'DataChannelOpened');

    await anna.send('from anna', 'Grüße');
    await anna.send('from anna', bytes(LONG, 7));
    await bert.send('from bert', '');
    await bert.send('from bert', bytes(LONG, 11));
    const atBert = await bert.received('from bert', 2);
    const atAnna = await anna.received('from anna', 2);
    expect(atBert[0]).toBe('Grüße');
    expect(atBert[1]).toEqual(bytes(LONG, 7));
    expect(atAnna[0]).toBe('');
    expect(atAnna[1]).toEqual(bytes(LONG, 11));

    const stats = await connection.invoke<Record<string, Record<string, unknown>>>(first, 'getStats', {
      mediaType: 'DATA',
    });
    expect(Object.values(stats).find(({ type }) => type === 'datachannel')).toMatchObject({
      __type__: 'RTCDataChannelStats',
      label: 'from anna',
      state: 'open',
      messagesReceived: 2,
      bytesReceived: LONG + 7,
      messagesSent: 2,
      bytesSent: LONG,
    });
  });

  it('hear no more of each other once they are disconnected', async () => {
    const [first, second] = await endpoints(2);
    await connection.invoke(first, 'connect', { sink: second });
    const [anna, bert] = await Promise.all([withChannel(first, 'chat'), withChannel(second, 'chat')]);
    await anna.send('chat', 'one');
    await bert.received('chat', 1);
    await connection.invoke(first, 'disconnect', { sink: second, mediaType: 'DATA' });
    await connection.invoke(first, 'connect', { sink: first, mediaType: 'DATA' });
    await anna.send('chat', 'two');
    expect(await anna.received('chat', 1)).toEqual(['two']);
    expect(await bert.received('chat', 1)).toEqual(['one']);
  });
});

describe('a channel made by the server', () => {
  it('is seen by the page, carries what the pipeline has, and is closed by the server', async () => {
    const [first, second] = await endpoints(2);
    await connection.invoke(first, 'connect', { sink: second, mediaType: 'DATA' });
    await connection.invoke(second, 'connect', { sink: first, mediaType: 'DATA' });
    const [anna, bert] = await Promise.all([withChannel(first, 'hers'), withChannel(second, 'his')]);
    await connection.invoke(first, 'createDataChannel', {
      label: 'of the server',
      ordered: false,
      maxRetransmits: 2,
      protocol: 'p',
    });
    await anna.channelIs('of the server', 'open');
    const made = await connection.event(first, 'DataChannelOpened', ({ channelId }) => channelId === 1);
    expect(made.data['channelId']).toBe(1);
    const seen = await anna.handle.evaluate(({ channels }) => {
      const { id, ordered, maxRetransmits, protocol } = channels.get('of the server')!.channel;
      return { id, ordered, maxRetransmits, protocol };
    });
    expect(seen).toEqual({ id: 1, ordered: false, maxRetransmits: 2, protocol: 'p' });

    await anna.send('of the server', 'hello');
    expect(await bert.received('his', 1)).toEqual(['hello']);
    await connection.invoke(first, 'closeDataChannel', { channelId: 1 });
    await anna.channelIs('of the server', 'closed');
    await connection.event(first, 'DataChannelClosed', ({ channelId }) => channelId === 1);
    expect(connection.eventsOf(first, 'DataChannelOpened')).toHaveLength(2);
    expect(connection.eventsOf(first, 'DataChannelClosed')).toHaveLength(1);
    expect(await connection.invoke(first, 'closeDataChannel', { channelId: 99 })).toBeNull();
    await connection.release(first);
    await anna.channelIs('hers', 'closed');
  });

  it('comes by itself for a peer that has none, in an offer of the server', async () => {
    const [first, second] = await endpoints(2);
    await connection.invoke(first, 'connect', { sink: second, mediaType: 'DATA' });
    const anna = await withChannel(first, 'hers');
    const bert = await page.newPeer({ sends: { colour: 'blue' } });
    await endpointOffers(connection, second, bert);
    await bert.reaches('connected');
    // Until the association stands there is nowhere to take a message to.
    await expect
      .poll(async () => {
        await anna.send('hers', 'hello');
        return bert.handle.evaluate(({ channels }) => channels.get('')?.received[0]);
      }, DEADLINE)
      .toBe('hello');
    await connection.event(second, 'DataChannelOpened');
  });
});

describe('a loopback as in the tutorial', () => {
  it('gives picture and messages back in one connection', async () => {
    const [endpoint] = await endpoints(1);
    await connection.invoke(endpoint, 'connect', { sink: endpoint });
    const peer = await page.newPeer({ sends: { colour: 'green', hz: 440 } });
    await peer.openChannel('chat', { ordered: false });
    await browserOffers(connection, endpoint, peer);
    await peer.channelIs('chat', 'open');
    await peer.send('chat', 'echo?');
    expect(await peer.received('chat')).toEqual(['echo?']);
    await peer.sees('green');
    const opened = await connection.event(endpoint, 'DataChannelOpened');
    await peer.close();
    const closed = await connection.event(endpoint, 'DataChannelClosed');
    expect(closed.data['channelId']).toBe(opened.data['channelId']);
  });
});

describe('an endpoint made without data channels', () => {
  it('refuses the line for them and the operation, and goes on with media', async () => {
    const mediaPipeline = await connection.create('MediaPipeline');
    const endpoint = await connection.create('WebRtcEndpoint', { mediaPipeline });
    await connection.invoke(endpoint, 'connect', { sink: endpoint });
    const peer = await page.newPeer({ sends: { colour: 'red' } });
    await peer.openChannel('chat');
    await browserOffers(connection, endpoint, peer);
    await peer.sees('red');
    await peer.channelIs('chat', 'closed');
    await expect(connection.invoke(endpoint, 'createDataChannel')).rejects.toMatchObject({ code: 40111 });
  });
});
