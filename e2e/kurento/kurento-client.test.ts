// What Kurento's own client for Node does besides single calls: transactions, chains, tags, statistics, the errors it
// makes of the server's, and how it comes back when its connection or the server was gone.
import { startTcpProxy, type TcpProxy } from '@parley/bad-network';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerBrowser, nextEvent, refusalOf } from '../src/kurento/application.ts';
import { DEADLINE } from '../src/kurento/driven-peer.ts';
import {
  connectKurentoClient,
  type KurentoClient,
  type MediaPipeline,
  type WebRtcEndpoint,
} from '../src/kurento/kurento-client.ts';
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
afterEach(async () => {
  await page.closePeers();
  for (const left of await pipelines()) await left.release();
});
afterAll(async () => {
  client?.close();
  await page?.close();
  await server?.stop();
});

async function pipelines(): Promise<MediaPipeline[]> {
  return (await client.getServerManager()).getPipelines();
}

describe('a transaction', () => {
  it('makes a pipeline and endpoints that refer to it, all at once', async () => {
    let pipeline: MediaPipeline | undefined;
    const endpoints: WebRtcEndpoint[] = [];
    await client.transaction(() => {
      pipeline = notAwaited(client.create('MediaPipeline'));
      endpoints.push(notAwaited(pipeline.create('WebRtcEndpoint')));
      endpoints.push(notAwaited(pipeline.create('WebRtcEndpoint', { recvonly: true })));
    });
    const children = await pipeline?.getChildren();
    expect(children?.map(({ id }) => id).sort()).toEqual(endpoints.map(({ id }) => id).sort());
    expect(endpoints[0]?.id).toContain(`${pipeline?.id}/`);
  });

  it('that was begun by hand tags what it makes', async () => {
    const transaction = client.beginTransaction();
    const pipeline = client.create(transaction, 'MediaPipeline');
    const told: unknown[] = [];
    pipeline.addTag(transaction, 'room', 'library', (error) => told.push(error));
    pipeline.addTag(transaction, 'stream', '7', (error) => told.push(error));
    await transaction.commit();
    expect(told).toEqual([null, null]);
    expect(await pipeline.getTags()).toMatchObject([
      { key: 'room', value: 'library' },
      { key: 'stream', value: '7' },
    ]);
  });

  it('ends at the first operation that is refused, and what was done until then stays', async () => {
    const transaction = client.beginTransaction();
    const told: unknown[] = [];
    const tell = (error: unknown) => told.push(error);
    const pipeline = client.create(transaction, 'MediaPipeline');
    pipeline.create(transaction, 'Composite', tell);
    pipeline.addTag(transaction, 'room', 'library', tell);
    await transaction.commit();
    expect(told).toMatchObject([{ code: 40108 }, { message: 'Command not executed in the server' }]);
    expect((await pipelines()).map(({ id }) => id)).toEqual([pipeline.id]);
    expect(await pipeline.getTags()).toEqual([]);
  });

  it('is what the client makes of calls by itself when it is told to', async () => {
    const eager = await connectKurentoClient(server.url, { useImplicitTransactions: true });
    const pipeline = await eager.create('MediaPipeline');
    const [first, second] = await Promise.all([
      pipeline.create('WebRtcEndpoint'),
      pipeline.create('WebRtcEndpoint'),
      pipeline.setName('in one go'),
    ]);
    expect(await pipeline.getName()).toBe('in one go');
    expect(first.id).not.toBe(second.id);
    expect(await pipeline.getChildren()).toHaveLength(2);
    eager.close();
  });
});

describe('connect of the client itself', () => {
  // A chain of three ends nowhere in kurento-client 7.3.0: its second step calls nobody back.
  it('connects two elements by all kinds of media', async () => {
    const pipeline = await client.create('MediaPipeline');
    const [source, sink] = [1, 2].map(() => notAwaited(pipeline.create('WebRtcEndpoint')));
    if (!source || !sink) throw new Error('two were made');
    await client.connect(source, sink);
    const connections = await sink.getSourceConnections();
    expect(connections.map(({ type }) => type).sort()).toEqual(['AUDIO', 'DATA', 'VIDEO']);
    expect(await source.getSourceConnections()).toEqual([]);
  });
});

describe('an error', () => {
  it('becomes what the client makes of its code', async () => {
    const pipeline = await client.create('MediaPipeline');
    const other = await client.create('MediaPipeline');
    const endpoint = await pipeline.create('WebRtcEndpoint');
    const foreign = await other.create('WebRtcEndpoint');
    const refusals = {
      unknownObject: await refusalOf((done) =>
        client.getMediaobjectById(`${pipeline.id}/none_kurento.WebRtcEndpoint`, done),
      ),
      noSdp: await refusalOf((done) => endpoint.processOffer('no SDP', done)),
      otherPipeline: await refusalOf((done) => endpoint.connect(foreign, done)),
      missingTag: await refusalOf((done) => endpoint.getTag('colour', done)),
    };
    await endpoint.release();
    const released = await refusalOf((done) => endpoint.getTag('colour', done));
    expect(refusals.unknownObject).toBeInstanceOf(ReferenceError);
    expect(released).toBeInstanceOf(ReferenceError);
    expect(released).toMatchObject({ code: 40101, data: { type: 'MEDIA_OBJECT_NOT_FOUND' } });
    expect(refusals).toMatchObject({
      unknownObject: { code: 40101 },
      noSdp: { code: 40201, data: { type: 'SDP_PARSE_ERROR' } },
      otherPipeline: { code: 40004, data: { type: 'CONNECT_ERROR' } },
      missingTag: { code: 40110 },
    });
  });
});

describe('another client', () => {
  it('finds what there is by its id, as what it is, and hears of it until it is gone', async () => {
    const another = await connectKurentoClient(server.url);
    const manager = await another.getServerManager();
    const created: unknown[] = [];
    manager.on('ObjectCreated', ({ object }) => created.push(object));
    const destroyed = nextEvent(manager, 'ObjectDestroyed');
    // The answer to this one says that both subscriptions are in place.
    await manager.getName();

    const pipeline = await client.create('MediaPipeline');
    const endpoint = await pipeline.create('WebRtcEndpoint');
    await expect.poll(() => created.length, DEADLINE).toBe(2);
    const found = await another.getMediaobjectById(endpoint.id);
    expect(found.constructor.name).toBe('WebRtcEndpoint');
    expect((await found.getMediaPipeline()).id).toBe(pipeline.id);
    const connected = nextEvent(found, 'ElementConnected');
    await found.getName();
    await endpoint.connect(endpoint);
    expect(await connected).toMatchObject({ source: endpoint.id, sink: endpoint.id });
    await pipeline.release();
    expect(await destroyed).toMatchObject({ objectId: endpoint.id });
    another.close();
  });
});

describe('statistics', () => {
  it('of an endpoint count what went in and out, in the form that the client knows', async () => {
    const alice = await page.newPeer({ sends: { colour: 'red', hz: 440 } });
    const pipeline = await client.create('MediaPipeline');
    const endpoint = await pipeline.create('WebRtcEndpoint');
    await endpoint.connect(endpoint);
    await answerBrowser(endpoint, alice);
    await alice.seesFrames(30);
    const video = Object.values(await endpoint.getStats('VIDEO'));
    const inbound = video.find(({ type }) => type === 'inboundrtp');
    const outbound = video.find(({ type }) => type === 'outboundrtp');
    expect(inbound).toMatchObject({ packetsLost: 0, id: expect.any(String) as string });
    expect(Number(inbound?.['bytesReceived'])).toBeGreaterThan(1_000);
    expect(Number(outbound?.['packetsSent'])).toBeGreaterThan(10);
    const audio = Object.values(await endpoint.getStats('AUDIO'));
    expect(audio.map(({ ssrc }) => ssrc)).not.toContain(inbound?.['ssrc']);
    const all = Object.values(await endpoint.getStats());
    expect(all.filter(({ type }) => type === 'inboundrtp')).toHaveLength(2);
  });
});

describe('tags', () => {
  it('come with the events of an object that was told to send them', async () => {
    const pipeline = await client.create('MediaPipeline');
    const endpoint = await pipeline.create('WebRtcEndpoint');
    await endpoint.addTag('viewer', 'bob');
    await endpoint.setSendTagsInEvents(true);
    const connected = nextEvent(endpoint, 'ElementConnected');
    await endpoint.connect(endpoint);
    expect(await connected).toMatchObject({ tags: [{ key: 'viewer', value: 'bob' }] });
  });
});

describe('a server that asks for a token', () => {
  it('lets in who gives it by the option that the client has for it, and nobody else', async () => {
    const guarded = await startMediaServerAlone({ flags: ['--token', 'open-sesame'] });
    await expect(connectKurentoClient(guarded.url, { failAfter: 0 })).rejects.toThrow('Connection error');
    const known = await connectKurentoClient(guarded.url, { access_token: 'open-sesame' });
    expect((await known.create('MediaPipeline')).id).toMatch(/_kurento\.MediaPipeline$/);
    known.close();
    await guarded.stop();
  });
});

describe('a client whose connection breaks', () => {
  let proxy: TcpProxy;
  /** Read by the proxy for each connection. */
  let target: { host: string; port: number };
  let away: KurentoClient;

  beforeEach(async () => {
    target = { host: '127.0.0.1', port: server.port };
    proxy = await startTcpProxy({ listen: { host: '127.0.0.1', port: 0 }, target });
    away = await connectKurentoClient(`ws://127.0.0.1:${proxy.address.port}/kurento`);
  });
  afterEach(async () => {
    away.close();
    await proxy.close();
  });

  it('comes back to its session: media, objects and subscriptions go on, and nothing is left twice', async () => {
    const alice = await page.newPeer({ sends: { colour: 'red' } });
    const pipeline = await away.create('MediaPipeline');
    const endpoint = await pipeline.create('WebRtcEndpoint');
    const connected: unknown[] = [];
    const sourceConnected = nextEvent(endpoint, 'ElementConnected');
    endpoint.on('ElementConnected', (event) => connected.push(event));
    await endpoint.connect(endpoint, 'AUDIO');
    await sourceConnected;
    await answerBrowser(endpoint, alice);
    const manager = await client.getServerManager();
    const sessions = await manager.getSessions();

    const back = new Promise((resolve) => away.once('reconnected', resolve));
    proxy.cut();
    expect(await back).toBe(true);
    await endpoint.connect(endpoint, 'VIDEO');
    await alice.sees('red');
    await expect.poll(() => connected.length, DEADLINE).toBe(2);
    expect(await manager.getSessions()).toEqual(sessions);
    expect(await pipelines()).toHaveLength(1);
    await pipeline.release();
    expect(await pipelines()).toEqual([]);
  });

  it('again and again keeps its session', async () => {
    const pipeline = await away.create('MediaPipeline');
    for (let time = 1; time <= 3; time++) {
      const back = new Promise((resolve) => away.once('reconnected', resolve));
      proxy.cut();
      expect(await back).toBe(true);
      await pipeline.setName(`after ${time}`);
    }
    expect(await pipeline.getName()).toBe('after 3');
  });

  it('repeats what got no answer, which is then done once', async () => {
    away.close();
    away = await connectKurentoClient(`ws://127.0.0.1:${proxy.address.port}/kurento`, {
      max_retries: 5,
      request_timeout: 300,
    });
    proxy.stall('down');
    const created = away.create('MediaPipeline');
    // The request, and at least one repeat of it, have arrived by now: both were heard of and one was fulfilled.
    const before = proxy.statistics().up.delivered;
    await expect.poll(() => proxy.statistics().up.delivered, DEADLINE).toBeGreaterThanOrEqual(before + 2);
    proxy.resume('down');
    expect((await created).id).toMatch(/_kurento\.MediaPipeline$/);
    expect(await pipelines()).toHaveLength(1);
  });

  it('learns that its session is gone when the server was started anew', async () => {
    const pipeline = await away.create('MediaPipeline');
    client.close();
    const gone = new Promise((resolve) => away.once('reconnected', resolve));
    await server.stop();
    server = await startMediaServerAlone();
    target.port = server.port;
    expect(await gone).toBe(false);
    const refusal = await refusalOf((done) => pipeline.getTag('room', done));
    expect(refusal).toMatchObject({ code: 40101 });
    const anew = await away.create('MediaPipeline');
    expect(anew.id).not.toBe(pipeline.id);
    client = await connectKurentoClient(server.url);
  });
});

/** Within a transaction an object is used before it is there, which the client allows. */
function notAwaited<Object>(created: Promise<Object>): Object {
  return created as unknown as Object;
}
