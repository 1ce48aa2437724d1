// What is between two browsers besides their endpoints: PassThrough, hubs and their ports, bounds on bandwidth, statistics
// and graphs, and the end of a session; with the pictures that arrive.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEADLINE } from '../src/kurento/driven-peer.ts';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import { KurentoPage, type BrowserPeer } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { browserOffers } from '../src/kurento/negotiation.ts';

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
  if (mediaPipeline) await connection.release(mediaPipeline);
});
afterAll(async () => {
  await page?.close();
  await server?.stop();
});

interface Member {
  readonly peer: BrowserPeer;
  readonly endpoint: string;
}

async function join(options: Parameters<KurentoPage['newPeer']>[0]): Promise<Member> {
  const peer = await page.newPeer(options);
  const endpoint = await connection.create('WebRtcEndpoint', { mediaPipeline });
  await browserOffers(connection, endpoint, peer);
  return { peer, endpoint };
}

type Stats = Record<string, Record<string, unknown>>;

/** In bit/s: what the browser believes that it may send. */
function allowed(peer: BrowserPeer): Promise<number> {
  return peer.handle.evaluate(async ({ connection }) => {
    const all = (await connection.getStats()) as unknown as Map<string, Record<string, unknown>>;
    const pairs = [...all.values()].filter((stats) => stats['type'] === 'candidate-pair');
    return Math.max(0, ...pairs.map((pair) => Number(pair['availableOutgoingBitrate'] ?? 0)));
  });
}

describe('hubs', () => {
  it('show a viewer whom the dispatcher says, through whatever is before and behind it', async () => {
    mediaPipeline = await connection.create('MediaPipeline');
    await connection.invoke(mediaPipeline, 'setLatencyStats', { latencyStats: true });
    const [red, blue, viewer] = await Promise.all([
      join({ sends: { colour: 'red', hz: 440 } }),
      join({ sends: { colour: 'blue', hz: 1_000 } }),
      join({}),
    ]);
    const hub = await connection.create('Dispatcher', { mediaPipeline });
    const [ofRed, ofBlue, out] = await Promise.all(
      [1, 2, 3].map(() => connection.create('HubPort', { hub })),
    );
    const middle = await connection.create('PassThrough', { mediaPipeline });
    await connection.invoke(red.endpoint, 'connect', { sink: ofRed });
    await connection.invoke(blue.endpoint, 'connect', { sink: ofBlue });
    await connection.invoke(String(out), 'connect', { sink: middle });
    await connection.invoke(middle, 'connect', { sink: viewer.endpoint });
    await connection.subscribe(middle, 'MediaFlowInStateChanged');

    await connection.invoke(hub, 'connect', { source: ofRed, sink: out });
    await viewer.peer.sees('red');
    await viewer.peer.hears(440);
    await connection.event(middle, 'MediaFlowInStateChanged', ({ state }) => state === 'FLOWING');
    await connection.invoke(hub, 'connect', { source: ofBlue, sink: out });
    await viewer.peer.sees('blue');
    await viewer.peer.hears(1_000);

    const stats = await connection.invoke<Stats>(viewer.endpoint, 'getStats', { mediaType: 'VIDEO' });
    expect(stats[viewer.endpoint]).toMatchObject({
      __type__: 'EndpointStats',
      inputLatency: [{ __type__: 'MediaLatencyStat', name: 'sink_video_default', type: 'VIDEO' }],
      E2ELatency: [{ avg: expect.any(Number) as unknown }],
    });
    expect(Object.values(stats).map(({ type }) => type)).toContain('outboundrtp');
    const dot = await connection.invoke<string>(mediaPipeline, 'getGstreamerDot', { details: 'SHOW_ALL' });
    expect(dot).toContain(`"${String(ofBlue)}" -> "${String(out)}"`);

    await connection.release(String(ofBlue));
    await connection.event(middle, 'MediaFlowInStateChanged', ({ state }) => state === 'NOT_FLOWING');
    await connection.invoke(hub, 'connect', { source: ofRed, sink: out });
    await viewer.peer.sees('red');
  });
});

describe('bounds on what is sent to a viewer', () => {
  it('are kept to by the browser that sends, and forgotten with the viewer', async () => {
    mediaPipeline = await connection.create('MediaPipeline');
    const [sender, viewer] = await Promise.all([join({ sends: { colour: 'yellow' } }), join({})]);
    await connection.invoke(sender.endpoint, 'connect', { sink: viewer.endpoint });
    await viewer.peer.sees('yellow');
    await expect.poll(() => allowed(sender.peer), DEADLINE).toBeGreaterThan(200_000);
    await connection.invoke(viewer.endpoint, 'setMaxVideoSendBandwidth', { maxVideoSendBandwidth: 120 });
    await expect.poll(() => allowed(sender.peer), DEADLINE).toBeLessThanOrEqual(120_000);
    await connection.release(viewer.endpoint);
    await expect.poll(() => allowed(sender.peer), DEADLINE).toBeGreaterThan(150_000);
  });
});

describe('the end of a session', () => {
  it('is told to the browser when the endpoint is released, and to the application either way', async () => {
    mediaPipeline = await connection.create('MediaPipeline');
    const [one, two] = await Promise.all([
      join({ sends: { colour: 'red' } }),
      join({ sends: { colour: 'blue' } }),
    ]);
    await Promise.all([one.peer.reaches('connected'), two.peer.reaches('connected')]);
    for (const { endpoint } of [one, two]) {
      await connection.event(endpoint, 'IceGatheringDone');
      await connection.subscribe(endpoint, 'MediaSessionTerminated', 'ConnectionStateChanged');
    }
    await connection.release(one.endpoint);
    await connection.event(one.endpoint, 'MediaSessionTerminated');
    const dtls = () =>
      one.peer.handle.evaluate(({ connection }) =>
        connection.getSenders().map(({ transport }) => transport?.state),
      );
    await expect.poll(dtls, DEADLINE).toContain('closed');

    await two.peer.close();
    await connection.event(two.endpoint, 'MediaSessionTerminated');
    await connection.event(
      two.endpoint,
      'ConnectionStateChanged',
      ({ newState }) => newState === 'DISCONNECTED',
    );
    expect(await connection.invoke(two.endpoint, 'getConnectionState')).toBe('DISCONNECTED');
  });
});
