// The calls of Kurento's tutorials that forward one browser's media to others, made by its own client for Node, with the
// pictures and tones that arrive in a browser.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answerBrowser, refusalOf } from '../src/kurento/application.ts';
import { DEADLINE } from '../src/kurento/driven-peer.ts';
import {
  connectKurentoClient,
  type KurentoClient,
  type MediaPipeline,
  type WebRtcEndpoint,
} from '../src/kurento/kurento-client.ts';
import { KurentoPage, type BrowserPeer } from '../src/kurento/kurento-page.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';

const LISTENED_TO = [
  'MediaFlowInStateChanged',
  'MediaFlowOutStateChanged',
  'ConnectionStateChanged',
  'MediaStateChanged',
  'MediaTranscodingStateChanged',
  'IceCandidateFound',
  'IceComponentStateChanged',
  'IceGatheringDone',
  'NewCandidatePairSelected',
];

let server: MediaServerAlone;
let page: KurentoPage;
let client: KurentoClient;
let pipeline: MediaPipeline;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  [server, page] = await Promise.all([startMediaServerAlone(), KurentoPage.open()]);
  client = await connectKurentoClient(server.url);
});
afterEach(async () => {
  await page.closePeers();
  const manager = await client.getServerManager();
  for (const left of await manager.getPipelines()) await left.release();
});
afterAll(async () => {
  client?.close();
  await page?.close();
  await server?.stop();
});

describe('hello world', () => {
  it('shows a browser its own camera and plays it its own microphone', async () => {
    const alice = await page.newPeer({ sends: { colour: 'red', hz: 440 } });
    pipeline = await client.create('MediaPipeline');
    const endpoint = await pipeline.create('WebRtcEndpoint');
    await endpoint.connect(endpoint);
    await answerBrowser(endpoint, alice);
    await alice.sees('red');
    await alice.hears(440);
    await alice.seesFrames(30);
    await pipeline.release();
    const gone = await refusalOf((callback) => client.getMediaobjectById(endpoint.id, callback));
    expect(gone).toMatchObject({ code: 40101 });
  });

  it('tells all that the tutorial in Java listens to, in an order that can be relied on', async () => {
    const alice = await page.newPeer({ sends: { colour: 'red', hz: 440 } });
    pipeline = await client.create('MediaPipeline');
    const endpoint = await pipeline.create('WebRtcEndpoint');
    const told: { type: string; event: Record<string, unknown> }[] = [];
    for (const type of LISTENED_TO) endpoint.on(type, (event) => told.push({ type, event }));
    await endpoint.connect(endpoint);
    await answerBrowser(endpoint, alice);
    await expect.poll(() => new Set(told.map(({ type }) => type)), DEADLINE).toEqual(new Set(LISTENED_TO));
    await alice.seesFrames();

    const of = (type: string) => told.filter((one) => one.type === type).map(({ event }) => event);
    expect(new Set(of('IceComponentStateChanged').map(({ state }) => state))).toEqual(
      new Set(['GATHERING', 'CONNECTING', 'CONNECTED', 'READY']),
    );
    expect(of('ConnectionStateChanged')).toMatchObject([{ oldState: 'DISCONNECTED', newState: 'CONNECTED' }]);
    for (const type of ['MediaFlowInStateChanged', 'MediaFlowOutStateChanged'])
      expect(
        of(type)
          .map(({ mediaType, state }) => `${String(mediaType)} ${String(state)}`)
          .sort(),
      ).toEqual(['AUDIO FLOWING', 'VIDEO FLOWING']);
    expect(new Set(of('MediaTranscodingStateChanged').map(({ state }) => state))).toEqual(
      new Set(['NOT_TRANSCODING']),
    );
    const at = (type: string, fits: (event: Record<string, unknown>) => boolean = () => true) =>
      told.findIndex((one) => one.type === type && fits(one.event));
    const order = [
      at('IceComponentStateChanged', ({ state }) => state === 'GATHERING'),
      at('IceCandidateFound'),
      at('IceGatheringDone'),
    ];
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(at('ConnectionStateChanged')).toBeLessThan(at('MediaFlowOutStateChanged'));
  });
});

describe('one to many', () => {
  it('shows a presenter to each viewer, to one who comes late as well, until the presenter leaves', async () => {
    pipeline = await client.create('MediaPipeline');
    const presenter = await page.newPeer({ sends: { colour: 'blue', hz: 600 }, receives: [] });
    const source = await pipeline.create('WebRtcEndpoint');
    await answerBrowser(source, presenter);

    const [first, second] = await Promise.all([viewerOf(source), viewerOf(source)]);
    await Promise.all([first.peer.sees('blue'), second.peer.sees('blue')]);
    await first.endpoint.release();
    await first.peer.close();

    // By now the last key frame is long ago: the late one gets one of its own.
    const late = await viewerOf(source);
    await late.peer.sees('blue');
    await late.peer.hears(600);
    await second.peer.seesFrames();

    await pipeline.release();
    await presenter.close();
    const manager = await client.getServerManager();
    expect(await manager.getPipelines()).toEqual([]);
  });

  async function viewerOf(source: WebRtcEndpoint): Promise<{ endpoint: WebRtcEndpoint; peer: BrowserPeer }> {
    const peer = await page.newPeer();
    const endpoint = await pipeline.create('WebRtcEndpoint');
    const answered = answerBrowser(endpoint, peer);
    await source.connect(endpoint);
    await answered;
    return { endpoint, peer };
  }
});

describe('one to one', () => {
  it('lets caller and callee see and hear each other', async () => {
    const caller = await page.newPeer({ sends: { colour: 'red', hz: 440 } });
    const callee = await page.newPeer({ sends: { colour: 'yellow', hz: 1_200 } });
    pipeline = await client.create('MediaPipeline');
    const ofCaller = await pipeline.create('WebRtcEndpoint');
    const ofCallee = await pipeline.create('WebRtcEndpoint');
    await ofCaller.connect(ofCallee);
    await ofCallee.connect(ofCaller);
    // The callee's answer comes first in the tutorial: it is the one who had to be asked.
    await answerBrowser(ofCallee, callee);
    await answerBrowser(ofCaller, caller);
    await Promise.all([caller.sees('yellow'), callee.sees('red')]);
    await caller.hears(1_200);
    await callee.hears(440);
  });
});

describe('a group call', () => {
  it('gives each of three an endpoint for each stream of the others, and lets one go without disturbing the rest', async () => {
    pipeline = await client.create('MediaPipeline');
    const people = await Promise.all(
      (['red', 'blue', 'yellow'] as const).map(async (colour, index) => {
        const hz = 400 + 300 * index;
        const up = await page.newPeer({ sends: { colour, hz }, receives: [] });
        const outgoing = await pipeline.create('WebRtcEndpoint');
        return { colour, hz, up, outgoing };
      }),
    );
    for (const { outgoing, up } of people) await answerBrowser(outgoing, up);
    const views = await Promise.all(
      people.flatMap((receiver) =>
        people
          .filter((sender) => sender !== receiver)
          .map(async (sender) => {
            const down = await page.newPeer();
            const incoming = await pipeline.create('WebRtcEndpoint');
            await sender.outgoing.connect(incoming);
            await answerBrowser(incoming, down);
            return { sender, receiver, down, incoming };
          }),
      ),
    );
    for (const { sender, down } of views) await down.sees(sender.colour);

    const [leaver, ...staying] = people;
    if (!leaver) throw new Error('nobody to leave');
    for (const { sender, receiver, incoming } of views)
      if (sender === leaver || receiver === leaver) await incoming.release();
    await leaver.outgoing.release();
    for (const { sender, receiver, down } of views)
      if (staying.includes(sender) && staying.includes(receiver)) await down.seesFrames();
    expect(await pipeline.getChildren()).toHaveLength(4);
  });
});

describe('the magic mirror', () => {
  it('is refused with a clear error: there are no filters, and none is passed through as if', async () => {
    pipeline = await client.create('MediaPipeline');
    const refusal = await refusalOf((callback) => pipeline.create('FaceOverlayFilter', callback));
    expect(refusal).toMatchObject({ code: 40108, data: { type: 'MEDIA_OBJECT_NOT_AVAILABLE' } });
    expect(refusal.message).toContain('FaceOverlayFilter');
    expect(await pipeline.getChildren()).toEqual([]);
  });
});
