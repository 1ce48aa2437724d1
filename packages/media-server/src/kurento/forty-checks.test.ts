// Forty checks of what clients of Kurento rely on, as observed on the original: one table, run through the WebSocket of the
// whole media server. What goes beyond them is in protocol.test.ts, sessions.test.ts and websocket-server.test.ts.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startMediaServer, type RunningMediaServer } from '../server.ts';
import { TestClient, type Answer } from './testing.ts';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const MANAGER = 'manager_ServerManager';
const OFFER = readFileSync(
  new URL('../../../rtc/src/sdp/fixtures/chromium-sendrecv.sdp', import.meta.url),
  'utf8',
);

let folder: string;
let server: RunningMediaServer;
let port: number;
/** Anew for each check, like the session that its first request makes. */
let client: TestClient;
const others: TestClient[] = [];

async function start(collectionPeriodMs?: number): Promise<RunningMediaServer> {
  return startMediaServer({
    listen: { host: '127.0.0.1', port: 0 },
    rtcPort: 0,
    announcedIps: ['127.0.0.1'],
    token: undefined,
    dataDir: folder,
    log: pino({ level: 'silent' }),
    collectionPeriodMs,
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-forty-checks-'));
  server = await start();
  port = Number(new URL(server.url).port);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  client = await TestClient.open(port);
});
afterEach(() => {
  for (const each of [client, ...others.splice(0)]) each.socket.terminate();
});

async function another(ofPort = port): Promise<TestClient> {
  const other = await TestClient.open(ofPort);
  others.push(other);
  return other;
}

async function endpoints(number: number): Promise<{ pipeline: string; endpoints: string[] }> {
  const pipeline = await client.pipeline();
  const made: string[] = [];
  while (made.length < number) made.push(await client.endpoint(pipeline));
  return { pipeline, endpoints: made };
}

const value = async (object: string, operation: string, params?: Record<string, unknown>): Promise<unknown> =>
  (await client.invoke(object, operation, params)).result.value;
const codeOf = async (answer: Promise<Answer>): Promise<number> => (await answer).error.code;
const step = (id: number, method: string, params: Record<string, unknown>) => ({
  id,
  jsonrpc: '2.0',
  method,
  params,
});

/** Sends bytes over TCP and gives the status of what comes back. */
async function statusOf(request: string): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.write(request);
  const [data] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return data.toString().split(' ')[1];
}

const numbers: number[] = [];

function check(number: number, title: string, steps: () => Promise<void>): void {
  numbers.push(number);
  it(`${number}: ${title}`, steps);
}

describe('the forty checks', () => {
  check(1, 'ping is answered with pong', async () => {
    expect((await client.call('ping', { interval: 240_000 })).result).toEqual({ value: 'pong' });
  });

  check(2, 'ping needs no params', async () => {
    expect((await client.call('ping')).result.value).toBe('pong');
  });

  check(3, 'the id 0 is answered, and three pipelined first requests share one session', async () => {
    client.send(step(0, 'ping', { interval: 240_000 }));
    client.send(step(1, 'describe', { object: MANAGER }));
    client.send(step(2, 'create', { type: 'MediaPipeline' }));
    const answers = [await client.answer(), await client.answer(), await client.answer()];
    expect(answers.map(({ id }) => id)).toEqual([0, 1, 2]);
    expect(answers[1].result.sessionId).toMatch(new RegExp(`^${UUID}$`));
    expect(answers[2].result.sessionId).toBe(answers[1].result.sessionId);
  });

  check(4, 'ids come back as they were, be they texts, fractions or booleans', async () => {
    for (const id of ['seven', 7.5, false]) {
      client.send({ jsonrpc: '2.0', id, method: 'ping' });
      expect((await client.answer()).id).toBe(id);
    }
  });

  check(5, 'every result has the id of the session', async () => {
    const object = await client.pipeline();
    const type = 'Error';
    const subscription = await client.value('subscribe', { object, type });
    const answers = [
      await client.call('connect', {}),
      await client.call('describe', { object }),
      await client.invoke(object, 'getName'),
      await client.call('subscribe', { object, type }),
      await client.call('unsubscribe', { object, subscription }),
      await client.call('transaction', { operations: [] }),
      await client.call('ref', { object }),
      await client.call('keepAlive', {}),
      await client.call('release', { object }),
      await client.call('ping'),
    ];
    const ids = new Set(answers.map(({ result }) => result.sessionId));
    expect([...ids]).toEqual([expect.stringMatching(new RegExp(`^${UUID}$`))]);
  });

  check(6, 'the id of the session stays the same on a connection', async () => {
    const first = (await client.call('describe', { object: MANAGER })).result.sessionId;
    await client.call('describe', { object: 'nobody' });
    expect((await client.call('create', { type: 'MediaPipeline' })).result.sessionId).toBe(first);
  });

  check(7, 'another path is closed with 1002, the query aside', async () => {
    for (const path of ['/', '/kurento/', '/Kurento']) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
      const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
      expect([code, reason.toString()]).toEqual([1002, 'Invalid path']);
    }
    const withQuery = await TestClient.open(port, '/kurento?from=test');
    others.push(withQuery);
    expect((await withQuery.call('ping')).result.value).toBe('pong');
  });

  check(
    8,
    'a bare upgrade is answered with 500, a plain request with 426, an old version with 400',
    async () => {
      const head = 'GET /kurento HTTP/1.1\r\nHost: x\r\n';
      const upgrade = `${head}Connection: Upgrade\r\nUpgrade: websocket\r\n`;
      expect(await statusOf(`${upgrade}\r\n`)).toBe('500');
      expect(await statusOf(`${head}\r\n`)).toBe('426');
      const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
      expect(await statusOf(`${upgrade}${key}Sec-WebSocket-Version: 7\r\n\r\n`)).toBe('400');
    },
  );

  check(9, 'what is no request of JSON-RPC 2.0 is refused with -32600 and id null', async () => {
    const bad = [
      { id: 1, method: 'ping' },
      { jsonrpc: '1.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', id: 1 },
      { jsonrpc: '2.0', id: {}, method: 'ping' },
      { jsonrpc: '2.0', id: 1, result: {} },
      [{ jsonrpc: '2.0', id: 1, method: 'ping' }],
    ];
    for (const message of bad) {
      client.send(message);
      expect(await client.answer()).toMatchObject({ id: null, error: { code: -32600 } });
    }
  });

  check(10, 'an unknown method is refused with -32601', async () => {
    expect((await client.call('nonsense', {})).error).toEqual({
      code: -32601,
      message: 'Method not found.',
    });
  });

  check(11, 'create without params is refused with -32602, and in a session with -32000', async () => {
    expect((await client.call('create')).error).toMatchObject({
      code: -32602,
      data: { type: 'INVALID_PARAMS' },
    });
    await client.pipeline();
    expect(await codeOf(client.call('create'))).toBe(-32000);
  });

  check(12, 'describe without object is refused with -32000 and without data', async () => {
    const { error } = await client.call('describe', {});
    expect(error.code).toBe(-32000);
    expect(error).not.toHaveProperty('data');
  });

  check(13, 'a class has its name with and without "kurento."', async () => {
    for (const type of ['MediaPipeline', 'kurento.MediaPipeline'])
      expect(await client.value('create', { type })).toMatch(/_kurento\.MediaPipeline$/);
  });

  check(14, 'ids end with the class, and those of children begin with the id of the parent', async () => {
    const made = await endpoints(1);
    expect(made.pipeline).toMatch(new RegExp(`^${UUID}_kurento\\.MediaPipeline$`));
    expect(made.endpoints[0]).toMatch(new RegExp(`^${made.pipeline}/${UUID}_kurento\\.WebRtcEndpoint$`));
    const dispatcher = { type: 'Dispatcher', constructorParams: { mediaPipeline: made.pipeline } };
    const hub = await client.value('create', dispatcher);
    expect(await client.value('create', { type: 'HubPort', constructorParams: { hub } })).toMatch(
      new RegExp(`^${hub}/${UUID}_kurento\\.HubPort$`),
    );
  });

  check(15, 'an unknown or abstract class, or one with the wrong module, is refused with 40108', async () => {
    for (const type of ['Nonsense', 'MediaElement', 'core.MediaPipeline', 'constructor'])
      expect((await client.call('create', { type })).error).toMatchObject({
        code: 40108,
        data: { type: 'MEDIA_OBJECT_NOT_AVAILABLE' },
      });
  });

  check(16, 'an endpoint without pipeline is refused with 40001', async () => {
    expect((await client.call('create', { type: 'WebRtcEndpoint' })).error).toMatchObject({
      code: 40001,
      data: { type: 'MARSHALL_ERROR' },
    });
  });

  check(17, 'an endpoint in an unknown pipeline is refused with 40101', async () => {
    const constructorParams = { mediaPipeline: 'x' };
    expect((await client.call('create', { type: 'WebRtcEndpoint', constructorParams })).error).toMatchObject({
      code: 40101,
      data: { type: 'MEDIA_OBJECT_NOT_FOUND' },
    });
  });

  check(
    18,
    'describe tells the class and its ancestors, nearest first, beside the id of the session',
    async () => {
      const [object] = (await endpoints(1)).endpoints;
      const { sessionId, ...description } = (await client.call('describe', { object })).result;
      expect(sessionId).toBeDefined();
      const ancestors = [
        'BaseRtpEndpoint',
        'SdpEndpoint',
        'SessionEndpoint',
        'Endpoint',
        'MediaElement',
        'MediaObject',
      ];
      expect(description).toEqual({
        type: 'WebRtcEndpoint',
        qualifiedType: 'kurento.WebRtcEndpoint',
        hierarchy: ancestors.map((name) => `kurento.${name}`),
      });
    },
  );

  check(19, 'getInfo names the modules that clients ask for, and transactions', async () => {
    const info = (await value(MANAGER, 'getInfo')) as {
      modules: { name: string; __type__: string }[];
      capabilities: string[];
      __type__: string;
    };
    const modules = info.modules.map(({ name }) => name);
    expect(modules).toEqual(expect.arrayContaining(['core', 'elements', 'filters']));
    expect(info.capabilities).toEqual(['transactions']);
    expect([info.__type__, info.modules[0].__type__]).toEqual(['ServerInfo', 'ModuleInfo']);
  });

  check(20, 'an operation that gives nothing has the value null', async () => {
    const pipeline = await client.pipeline();
    expect(await value(pipeline, 'addTag', { key: 'a', value: 'b' })).toBeNull();
  });

  check(21, 'an unknown operation is refused with 40008', async () => {
    for (const operation of ['fly', 'toString', 'setInfo'])
      expect((await client.invoke(MANAGER, operation)).error).toMatchObject({
        code: 40008,
        data: { type: 'MALFORMED_TRANSACTION' },
      });
  });

  check(
    22,
    'an object is named by its id until it is given a name, and again when that is taken away',
    async () => {
      const pipeline = await client.pipeline();
      expect(await value(pipeline, 'getName')).toBe(pipeline);
      await client.invoke(pipeline, 'setName', { name: 'room' });
      expect(await value(pipeline, 'getName')).toBe('room');
      await client.invoke(pipeline, 'setName', { name: null });
      expect(await value(pipeline, 'getName')).toBe(pipeline);
    },
  );

  check(23, 'tags are added, read, listed and removed; one that is not there is 40110', async () => {
    const pipeline = await client.pipeline();
    await client.invoke(pipeline, 'addTag', { key: 'stream', value: 'a' });
    await client.invoke(pipeline, 'addTag', { key: 'number', value: 7 });
    expect(await value(pipeline, 'getTag', { key: 'number' })).toBe('7');
    expect(await value(pipeline, 'getTags')).toEqual([
      { __module__: 'kurento', __type__: 'Tag', key: 'stream', value: 'a' },
      { __module__: 'kurento', __type__: 'Tag', key: 'number', value: '7' },
    ]);
    await client.invoke(pipeline, 'removeTag', { key: 'stream' });
    expect(await codeOf(client.invoke(pipeline, 'getTag', { key: 'stream' }))).toBe(40110);
  });

  check(24, 'events carry tags only when they are wanted', async () => {
    const [object, sink] = (await endpoints(2)).endpoints;
    await client.invoke(object, 'addTag', { key: 'k', value: 'v' });
    await client.value('subscribe', { object, type: 'ElementConnected' });
    await client.invoke(object, 'connect', { sink, mediaType: 'AUDIO' });
    await client.invoke(object, 'setSendTagsInEvents', { sendTagsInEvents: true });
    await client.invoke(object, 'connect', { sink, mediaType: 'VIDEO' });
    const tags = client.events.map(({ data }) => data.tags);
    expect(tags).toEqual([[], [{ __module__: 'kurento', __type__: 'Tag', key: 'k', value: 'v' }]]);
  });

  check(25, 'an object can be released twice, and is not found after', async () => {
    const object = await client.pipeline();
    const first = await client.call('release', { object });
    expect(first.result).toEqual({ sessionId: first.result.sessionId });
    expect((await client.call('release', { object })).result).toEqual(first.result);
    expect(await codeOf(client.invoke(object, 'getName'))).toBe(40101);
  });

  check(26, 'a pipeline takes its children with it; the manager stays', async () => {
    const made = await endpoints(1);
    await client.call('release', { object: made.pipeline });
    expect(await codeOf(client.invoke(made.endpoints[0], 'getName'))).toBe(40101);
    expect((await client.call('release', { object: MANAGER })).error).toBeUndefined();
    expect(await value(MANAGER, 'getCpuCount')).toBeGreaterThan(0);
  });

  check(27, 'objects know their family', async () => {
    const { pipeline, endpoints: children } = await endpoints(2);
    expect(await value(pipeline, 'getChildren')).toEqual(children);
    expect(await value(children[0], 'getParent')).toBe(pipeline);
    expect(await value(children[0], 'getMediaPipeline')).toBe(pipeline);
    expect(await value(pipeline, 'getParent')).toBeNull();
    expect(await value(MANAGER, 'getPipelines')).toContain(pipeline);
  });

  check(28, 'elements of different pipelines are not connected: 40004', async () => {
    const [source] = (await endpoints(1)).endpoints;
    const [sink] = (await endpoints(1)).endpoints;
    expect((await client.invoke(source, 'connect', { sink })).error).toMatchObject({
      code: 40004,
      data: { type: 'CONNECT_ERROR' },
    });
  });

  check(29, 'connecting all media gives three ElementConnected, from the source only', async () => {
    const [source, sink] = (await endpoints(2)).endpoints;
    for (const object of [source, sink])
      await client.value('subscribe', { object, type: 'ElementConnected' });
    await client.invoke(source, 'connect', { sink });
    expect(client.events.map(({ object, data }) => [object, data.sink, data.mediaType])).toEqual(
      ['AUDIO', 'VIDEO', 'DATA'].map((mediaType) => [source, sink, mediaType]),
    );
  });

  check(30, 'a second source of a kind replaces the first, which says so', async () => {
    const [first, second, sink] = (await endpoints(3)).endpoints;
    await client.invoke(first, 'connect', { sink });
    await client.value('subscribe', { object: first, type: 'ElementDisconnected' });
    const video = { mediaType: 'VIDEO' };
    await client.invoke(second, 'connect', { sink, ...video });
    expect(client.events.map(({ object, data }) => [object, data.sink, data.mediaType])).toEqual([
      [first, sink, 'VIDEO'],
    ]);
    expect(await value(sink, 'getSourceConnections', video)).toEqual([
      {
        __module__: 'kurento',
        __type__: 'ElementConnectionData',
        source: second,
        sink,
        type: 'VIDEO',
        sourceDescription: 'default',
        sinkDescription: 'default',
      },
    ]);
    expect(await value(sink, 'getSourceConnections')).toHaveLength(3);
    expect(await value(first, 'getSinkConnections', video)).toEqual([]);
  });

  check(31, 'an unknown event is refused with 40106', async () => {
    expect((await client.call('subscribe', { object: MANAGER, type: 'Rain' })).error).toMatchObject({
      code: 40106,
      data: { type: 'MEDIA_OBJECT_EVENT_NOT_SUPPORTED' },
    });
  });

  check(32, 'an event is delivered once per session, until its last subscription is cancelled', async () => {
    const [object, sink] = (await endpoints(2)).endpoints;
    const wanted = { object, type: 'ElementConnected' };
    const [one, two] = [await client.value('subscribe', wanted), await client.value('subscribe', wanted)];
    expect(one).not.toBe(two);
    const heard = async (mediaType: string): Promise<number> => {
      await client.invoke(object, 'connect', { sink, mediaType });
      return client.events.length;
    };
    expect(await heard('AUDIO')).toBe(1);
    await client.call('unsubscribe', { object, subscription: one });
    expect(await heard('VIDEO')).toBe(2);
    await client.call('unsubscribe', { object, subscription: two });
    expect(await heard('DATA')).toBe(2);
    expect((await client.call('unsubscribe', { object, subscription: two })).error).toBeUndefined();
  });

  check(33, 'an event names its object, type and source, and its time as text', async () => {
    const [object, sink] = (await endpoints(2)).endpoints;
    await client.value('subscribe', { object, type: 'ElementConnected' });
    await client.invoke(object, 'connect', { sink, mediaType: 'AUDIO' });
    expect(client.events).toEqual([
      {
        object,
        type: 'ElementConnected',
        data: {
          source: object,
          timestampMillis: expect.stringMatching(/^\d{13}$/) as string,
          tags: [],
          type: 'ElementConnected',
          sink,
          mediaType: 'AUDIO',
          sourceMediaDescription: 'default',
          sinkMediaDescription: 'default',
        },
      },
    ]);
  });

  check(
    34,
    'ObjectCreated and ObjectDestroyed reach other sessions, children first, without a type in their data',
    async () => {
      const watcher = await another();
      for (const type of ['ObjectCreated', 'ObjectDestroyed'])
        await watcher.value('subscribe', { object: MANAGER, type });
      const { pipeline, endpoints: children } = await endpoints(1);
      await client.call('release', { object: pipeline });
      await watcher.event(({ data }) => data.objectId === pipeline);
      const own = watcher.events.filter(({ data }) =>
        String(data.object ?? data.objectId).startsWith(pipeline),
      );
      expect(own.map(({ type, data }) => [type, data.object ?? data.objectId])).toEqual([
        ['ObjectCreated', pipeline],
        ['ObjectCreated', children[0]],
        ['ObjectDestroyed', children[0]],
        ['ObjectDestroyed', pipeline],
      ]);
      for (const { data } of own) expect(data).not.toHaveProperty('type');
    },
  );

  check(
    35,
    'a transaction resolves references, stops at a failure without undoing anything, and has its steps numbered',
    async () => {
      const run = (...operations: unknown[]): Promise<Answer> =>
        client.call('transaction', { operations, object: 'junk' });
      const create = step(0, 'create', { type: 'MediaPipeline' });
      const inIt = { type: 'PassThrough', constructorParams: { mediaPipeline: 'newref:0' } };
      const whole = await run(create, step(1, 'create', inIt), step(2, 'describe', { object: 'newref:1' }));
      const steps = whole.result.value as Answer[];
      expect(steps.map(({ id }) => id)).toEqual([0, 1, 2]);
      expect(steps[1].result.value).toMatch(new RegExp(`^${String(steps[0].result.value)}/`));
      expect(steps[2].result.type).toBe('PassThrough');

      const stopped = await run(create, step(1, 'create', { type: 'Nonsense' }), step(2, 'create', inIt));
      const [made, failed, ...rest] = stopped.result.value as Answer[];
      expect([failed.error.code, rest]).toEqual([40108, []]);
      expect(await value(made.result.value as string, 'getName')).toBe(made.result.value);

      expect(await codeOf(run(step(1, 'create', { type: 'MediaPipeline' })))).toBe(40008);
      expect(await codeOf(run(step(0, 'describe', { object: 'newref:0' })))).toBe(40008);
      expect(await codeOf(client.call('describe', { object: 'newref:0' }))).toBe(40109);
    },
  );

  check(
    36,
    'connect takes up a session with its objects and subscriptions; an unknown one is 40007',
    async () => {
      const [object, sink] = (await endpoints(2)).endpoints;
      await client.value('subscribe', { object, type: 'ElementConnected' });
      const { sessionId } = (await client.call('describe', { object })).result;
      await client.drop();

      client = await TestClient.open(port);
      expect((await client.call('connect', { sessionId })).result).toEqual({
        serverId: expect.stringMatching(new RegExp(UUID)) as string,
        sessionId,
      });
      expect((await client.invoke(object, 'connect', { sink })).result.sessionId).toBe(sessionId);
      expect(client.events).toHaveLength(3);
      for (const method of ['connect', 'keepAlive'])
        expect((await client.call(method, { sessionId: 'nobody' })).error).toMatchObject({
          code: 40007,
          data: { type: 'INVALID_SESSION' },
        });
    },
  );

  check(37, 'a session whose id the client chose is accepted', async () => {
    const { result } = await client.call('create', { type: 'MediaPipeline', sessionId: 'chosen' });
    expect(result.sessionId).toBe('chosen');
    expect(await value(MANAGER, 'getSessions')).toContain('chosen');
  });

  check(
    38,
    'a request that is sent again in its session is not carried out again, whatever connection it comes over',
    async () => {
      const create = step(7, 'create', { type: 'MediaPipeline' });
      client.send(create);
      const first = await client.answer();
      client.send(create);
      expect(await client.answer()).toEqual(first);
      const other = await another();
      other.send(step(7, 'create', { type: 'MediaPipeline', sessionId: first.result.sessionId }));
      expect(await other.answer()).toEqual(first);
    },
  );

  check(39, 'an abandoned session is collected, and with it what no other session uses', async () => {
    const collecting = await start(20);
    const [keeper, leaver] = [
      await another(Number(new URL(collecting.url).port)),
      await another(Number(new URL(collecting.url).port)),
    ];
    await keeper.value('subscribe', { object: MANAGER, type: 'ObjectDestroyed' });
    const [own, shared] = [await leaver.pipeline(), await leaver.pipeline()];
    await keeper.call('describe', { object: shared });
    await leaver.drop();
    await keeper.event(({ data }) => data.objectId === own);
    expect((await keeper.invoke(shared, 'getName')).result.value).toBe(shared);
    await collecting.close();
  });

  check(
    40,
    'an endpoint takes one offer, has descriptions only after it, and candidates only when asked to gather',
    async () => {
      const [object] = (await endpoints(1)).endpoints;
      await client.value('subscribe', { object, type: 'IceCandidateFound' });
      const offered = (offer: string) => client.invoke(object, 'processOffer', { offer });
      expect(await codeOf(client.invoke(object, 'getLocalSessionDescriptor'))).toBe(40202);
      expect(await codeOf(client.invoke(object, 'getRemoteSessionDescriptor'))).toBe(40203);
      expect(await codeOf(client.invoke(object, 'processAnswer', { answer: OFFER }))).toBe(40209);
      for (const bad of ['', 'nonsense']) expect(await codeOf(offered(bad))).toBe(40201);
      const answer = (await offered(OFFER)).result.value;
      expect(answer).toMatch(/^v=0\r\n/);
      expect(await codeOf(offered(OFFER))).toBe(40208);
      expect(await codeOf(client.invoke(object, 'generateOffer'))).toBe(40208);
      expect(await value(object, 'getRemoteSessionDescriptor')).toBe(OFFER);
      expect(client.events).toEqual([]);
      await client.invoke(object, 'gatherCandidates');
      await client.event(({ type }) => type === 'IceCandidateFound');
    },
  );

  it('are forty', () => {
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });
});
