// One call, hop by hop, as the table "The way of data" in ARCHITECTURE.md has it: Ada's camera goes up, Bob watches, and
// closing runs down the same path. Read it beside the table; the files named there are the ones at work here.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BareClient } from './src/bare-client.ts';
import { ControlTap } from './src/control-tap.ts';
import { expectToSeeAndHear, GONE_MS } from './src/expectations.ts';
import type { KurentoObserver, Stats } from './src/kurento-observer.ts';
import { ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';
import { listenToSignalling, type Conversation } from './src/signalling-tap.ts';

let server: ParleyServer;
let control: ControlTap;
let mediaServer: KurentoObserver;
let room: string;
let ada: Participant;
let bob: Participant;
let adaAndServer: Conversation;
let bobAndServer: Conversation;
let stream: string;

beforeAll(async () => {
  server = await ParleyServer.start({
    controlThrough: async (url) => {
      control = await ControlTap.before(url);
      return control.url;
    },
  });
  [mediaServer, room, ada, bob] = await Promise.all([
    server.observe(),
    server.newRoom(),
    Participant.arrive({ name: 'Ada', server: server.url, colour: 'red', hz: 440 }),
    Participant.arrive({ name: 'Bob', server: server.url, colour: 'cyan', hz: 660 }),
  ]);
  adaAndServer = listenToSignalling(ada.page);
  bobAndServer = listenToSignalling(bob.page);
});

afterAll(async () => {
  await Promise.all([ada, bob].map((participant) => participant?.goHome()));
  await server?.stop();
  control?.close();
});

ParleyServer.showLogOnFailure(() => server);

/** What was asked of one media object, in order. */
const askedOf = (object: string) =>
  control.asked.filter((asked) => asked.object === object).map(({ what }) => what);

const inbound = (stats: Stats[]) => stats.filter(({ type }) => type === 'inboundrtp');
const outbound = (stats: Stats[]) => stats.filter(({ type }) => type === 'outboundrtp');

describe('up: the stream enters the room', () => {
  it('browser: a camera becomes an offer, once the application server has permitted the stream', async () => {
    await ada.join(room);
    const permission = await adaAndServer.answerTo('requestBroadcast');
    stream = (permission['stream'] as { id: string }).id;
    const { stream: offered, sdpOffer } = await adaAndServer.request('startBroadcast');
    expect(offered).toBe(stream);
    expect(sdpOffer).toMatch(/^m=audio [\s\S]*^m=video /m);
    expect(sdpOffer).toContain('a=sendonly');
  });

  it('signalling: each message is answered exactly once, in the order of asking', async () => {
    await adaAndServer.answerTo('startBroadcast');
    const { requests, answers } = adaAndServer;
    expect(requests.slice(0, 2).map(({ method }) => method)).toEqual(['join', 'requestBroadcast']);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(answers.length);
    expect(answers.filter(({ error }) => error)).toEqual([]);
  });

  it('media messages: who asks is checked, and a stream that is someone else’s is out of reach', async () => {
    const mallory = await BareClient.connect(server.url);
    const refused = (reason: string) => ({ data: { reason } });
    await expect(mallory.ask('stopBroadcast', { stream })).rejects.toMatchObject(refused('not-in-a-room'));
    await mallory.ask('join', { room: room.replace('/r/', ''), name: 'Mallory' });
    await expect(mallory.ask('stopBroadcast', { stream })).rejects.toMatchObject(refused('not-yours'));
    await expect(mallory.ask('setMuted', { stream, muted: true })).rejects.toMatchObject(
      refused('not-yours'),
    );
    mallory.close();
  });

  it('stream: it gets a pipeline and an endpoint for the way up, tagged with its id', async () => {
    const objects = await mediaServer.endpointsOf(stream);
    expect(objects).toHaveLength(1);
    expect(await mediaServer.tag(objects[0]?.id ?? '', 'kind')).toBe('up');
    expect(control.asked.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['create MediaPipeline', 'create WebRtcEndpoint']),
    );
  });

  it('media server: the endpoint is asked to answer the offer before candidates are exchanged', async () => {
    const [up] = await mediaServer.endpointsOf(stream);
    const asked = askedOf(up?.id ?? '');
    expect(asked.indexOf('invoke processOffer')).toBeGreaterThan(-1);
    expect(asked.indexOf('invoke gatherCandidates')).toBeGreaterThan(asked.indexOf('invoke processOffer'));
    await expect.poll(() => askedOf(up?.id ?? ''), { timeout: 20_000 }).toContain('invoke addIceCandidate');
    expect(control.events).toContain('IceCandidateFound');
  });

  it('endpoint: the answer takes sound and picture on the one media port, and the transport connects', async () => {
    const { sdpAnswer } = await adaAndServer.answerTo('startBroadcast');
    expect(sdpAnswer).toMatch(/^a=ice-lite/m);
    expect(sdpAnswer).toMatch(/^a=recvonly/m);
    const candidates = adaAndServer.notifications.filter(({ method }) => method === 'candidate');
    expect(`${sdpAnswer as string}${JSON.stringify(candidates)}`).toContain(
      ` 127.0.0.1 ${server.rtcPort} typ host`,
    );
    const [up] = await mediaServer.endpointsOf(stream);
    await expect
      .poll(() => mediaServer.invoke(up?.id ?? '', 'getConnectionState'), { timeout: 10_000 })
      .toBe('CONNECTED');
  });

  it('RTP in: packets of both tracks arrive at the way up, and go nowhere yet', async () => {
    const [up] = await mediaServer.endpointsOf(stream);
    await expect
      .poll(
        async () =>
          inbound(await mediaServer.stats(up?.id ?? '')).map((track) => Number(track['packetsReceived']) > 0),
        {
          timeout: 10_000,
        },
      )
      .toEqual([true, true]);
    expect(outbound(await mediaServer.stats(up?.id ?? ''))).toEqual([]);
  });
});

describe('down: a viewer watches', () => {
  it('gets an endpoint of their own, connected to the one of the sender', async () => {
    await bob.join(room);
    const { sdpOffer } = await bobAndServer.request('watch', stream);
    expect(sdpOffer).toContain('a=recvonly');
    await bobAndServer.answerTo('watch');
    const endpoints = await mediaServer.endpointsOf(stream);
    const kinds = await Promise.all(endpoints.map(({ id }) => mediaServer.tag(id, 'kind')));
    expect(kinds.sort()).toEqual(['down', 'up']);
    const up = endpoints.find(({ id }) => askedOf(id).includes('invoke connect'));
    const connect = control.asked.find(({ what, object }) => what === 'invoke connect' && object === up?.id);
    expect(endpoints.map(({ id }) => id)).toContain(
      (connect?.params['operationParams'] as { sink: string }).sink,
    );
  });

  it('RTP out: what Ada sends is rewritten for Bob, who sees and hears her', async () => {
    const endpoints = await mediaServer.endpointsOf(stream);
    const kinds = await Promise.all(endpoints.map(({ id }) => mediaServer.tag(id, 'kind')));
    const [up, down] = ['up', 'down'].map((kind) => endpoints[kinds.indexOf(kind)]?.id ?? '');
    await expect
      .poll(
        async () =>
          outbound(await mediaServer.stats(down ?? '')).map((track) => Number(track['packetsSent']) > 0),
        {
          timeout: 10_000,
        },
      )
      .toEqual([true, true]);
    const ssrcs = async (endpoint: string | undefined, direction: typeof inbound) =>
      direction(await mediaServer.stats(endpoint ?? '')).map(({ ssrc }) => ssrc);
    const [sent, received] = [await ssrcs(down, outbound), await ssrcs(up, inbound)];
    expect(sent.filter((ssrc) => received.includes(ssrc))).toEqual([]);
    await expectToSeeAndHear(bob, ada);
    expect(Number(await bob.tile('Ada').getAttribute('data-first-frame-ms'))).toBeGreaterThan(0);
  });
});

describe('closing runs down the same path', () => {
  it('drops the stream for its viewer, and every object of it', async () => {
    await ada.press('Leave');
    await expect.poll(() => mediaServer.endpointsOf(stream), { timeout: GONE_MS, interval: 50 }).toEqual([]);
    await expect
      .poll(() => bobAndServer.notifications.find(({ method }) => method === 'streamStopped'), {
        timeout: 20_000,
      })
      .toMatchObject({ params: { stream } });
    await expect.poll(() => bob.tile('Ada').count(), { timeout: GONE_MS }).toBe(0);
    await bob.press('Leave');
    await expect.poll(() => mediaServer.objects(), { timeout: GONE_MS, interval: 50 }).toEqual([]);
  });
});
