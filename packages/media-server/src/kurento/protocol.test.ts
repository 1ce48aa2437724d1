// The behaviour of the original that clients rely on, over a real WebSocket. The numbers count the forty checks of the
// original's behaviour; what concerns the door and sessions is in websocket-server.test.ts and sessions.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, TestClient, type Answer, type TestServer } from './testing.ts';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const MANAGER = 'manager_ServerManager';
const OFFER = 'v=0\r\n';

let server: TestServer;
let client: TestClient;

beforeAll(async () => {
  server = await startTestServer();
  client = await TestClient.open(server.port);
});

afterAll(async () => {
  await server.close();
});

describe('messages', () => {
  it('3, 5, 6: gives pipelined first requests, the first with id 0, one session', async () => {
    const fresh = await TestClient.open(server.port);
    fresh.send({ jsonrpc: '2.0', id: 0, method: 'ping', params: { interval: 240000 } });
    fresh.send({ jsonrpc: '2.0', id: 1, method: 'describe', params: { object: MANAGER } });
    fresh.send({ jsonrpc: '2.0', id: 2, method: 'create', params: { type: 'MediaPipeline' } });
    const answers = [await fresh.answer(), await fresh.answer(), await fresh.answer()];
    expect(answers.map((answer) => answer.id)).toEqual([0, 1, 2]);
    expect(answers[0].result).toEqual({ value: 'pong' });
    expect(answers[1].result.sessionId).toMatch(new RegExp(`^${UUID}$`));
    expect(answers[2].result.sessionId).toBe(answers[1].result.sessionId);
    expect((await fresh.call('ping')).result).toEqual({
      value: 'pong',
      sessionId: answers[1].result.sessionId,
    });
    await fresh.drop();
  });

  it('4: sends ids back as they came', async () => {
    for (const id of ['seven', 7.5, false]) {
      client.send({ jsonrpc: '2.0', id, method: 'ping' });
      expect((await client.answer()).id).toBe(id);
    }
  });

  it('answers what is no JSON instead of dropping the connection', async () => {
    for (const text of ['', '{', "{'a':1}", '{"jsonrpc":"2.0",}', '{} trailing']) {
      client.send(text);
      expect(await client.answer()).toEqual({
        jsonrpc: '2.0',
        id: null,
        error: { code: -32700, message: expect.any(String) as string, data: { type: 'PARSE_ERROR' } },
      });
    }
  });

  it('9: refuses what is no request of JSON-RPC 2.0 with id null', async () => {
    const bad = [
      { id: 1, method: 'ping' },
      { jsonrpc: '1.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', id: 1 },
      { jsonrpc: '2.0', id: {}, method: 'ping' },
      { jsonrpc: '2.0', id: 1, result: {} },
      [{ jsonrpc: '2.0', id: 1, method: 'ping' }],
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`,
    ];
    for (const message of bad) {
      client.send(message);
      expect(await client.answer()).toMatchObject({ id: null, error: { code: -32600 } });
    }
  });

  it('11: wants params from a connection without session, and fields from one with', async () => {
    const fresh = await TestClient.open(server.port);
    expect((await fresh.call('create')).error).toMatchObject({
      code: -32602,
      data: { type: 'INVALID_PARAMS' },
    });
    await fresh.pipeline();
    expect((await fresh.call('create')).error.code).toBe(-32000);
    await fresh.drop();
  });

  it('carries out a request without id and puts the answer into an error', async () => {
    client.send({ jsonrpc: '2.0', method: 'create', params: { type: 'MediaPipeline' } });
    const { id, error } = await client.answer();
    expect([id, error.code]).toEqual([null, -32000]);
    const { value } = error.data as { value: string };
    expect((await client.call('describe', { object: value })).result.type).toBe('MediaPipeline');
    await client.call('release', { object: value });
  });
});

/** What is refused, and how: [check, method, params, code, type]. */
const REFUSALS: [string, string, Record<string, unknown>, number, string | undefined][] = [
  ['10: an unknown method', 'nonsense', {}, -32601, undefined],
  ['12: describe without object', 'describe', {}, -32000, undefined],
  ['an object that is a list', 'describe', { object: [] }, -32000, undefined],
  ['a session id that is an object', 'describe', { object: MANAGER, sessionId: {} }, -32000, undefined],
  ['a number as object id that is no object', 'describe', { object: 5 }, 40101, 'MEDIA_OBJECT_NOT_FOUND'],
  ['15: an unknown class', 'create', { type: 'Nonsense' }, 40108, 'MEDIA_OBJECT_NOT_AVAILABLE'],
  ['an abstract class', 'create', { type: 'MediaElement' }, 40108, 'MEDIA_OBJECT_NOT_AVAILABLE'],
  [
    'a class named by its module',
    'create',
    { type: 'core.MediaPipeline' },
    40108,
    'MEDIA_OBJECT_NOT_AVAILABLE',
  ],
  ['a class that we do not have', 'create', { type: 'Composite' }, 40108, 'MEDIA_OBJECT_NOT_AVAILABLE'],
  [
    'a class with a name of JavaScript',
    'create',
    { type: 'constructor' },
    40108,
    'MEDIA_OBJECT_NOT_AVAILABLE',
  ],
  ['16: an endpoint without pipeline', 'create', { type: 'WebRtcEndpoint' }, 40001, 'MARSHALL_ERROR'],
  [
    '17: an endpoint in an unknown pipeline',
    'create',
    { type: 'WebRtcEndpoint', constructorParams: { mediaPipeline: 'x' } },
    40101,
    'MEDIA_OBJECT_NOT_FOUND',
  ],
  [
    'an endpoint in what is no pipeline',
    'create',
    { type: 'WebRtcEndpoint', constructorParams: { mediaPipeline: MANAGER } },
    40001,
    'MARSHALL_ERROR',
  ],
  [
    'a reference outside of a transaction',
    'create',
    { type: 'WebRtcEndpoint', constructorParams: { mediaPipeline: 'newref:0' } },
    40109,
    'MEDIA_OBJECT_NOT_FOUND_TRANSACTION_NO_COMMIT',
  ],
  [
    '21: an unknown operation',
    'invoke',
    { object: MANAGER, operation: 'fly' },
    40008,
    'MALFORMED_TRANSACTION',
  ],
  [
    'an operation of JavaScript',
    'invoke',
    { object: MANAGER, operation: 'toString' },
    40008,
    'MALFORMED_TRANSACTION',
  ],
  [
    'setting what is read-only',
    'invoke',
    { object: MANAGER, operation: 'setInfo' },
    40008,
    'MALFORMED_TRANSACTION',
  ],
  [
    'an operation that we do not have',
    'invoke',
    { object: MANAGER, operation: 'getKmd' },
    40006,
    'NOT_IMPLEMENTED',
  ],
  ['a setter without value', 'invoke', { object: MANAGER, operation: 'setName' }, 40001, 'MARSHALL_ERROR'],
  [
    '31: an unknown event',
    'subscribe',
    { object: MANAGER, type: 'Rain' },
    40106,
    'MEDIA_OBJECT_EVENT_NOT_SUPPORTED',
  ],
  ['36: connect of an unknown session', 'connect', { sessionId: 'nobody' }, 40007, 'INVALID_SESSION'],
  ['keepAlive of an unknown session', 'keepAlive', { sessionId: 'nobody' }, 40007, 'INVALID_SESSION'],
];

describe('refuses', () => {
  it.each(REFUSALS)('%s', async (_check, method, params, code, type) => {
    const { error } = await client.call(method, params);
    expect(error).toMatchObject({ code, message: expect.any(String) as string });
    expect((error.data as { type?: string } | undefined)?.type).toBe(type);
  });
});

describe('objects', () => {
  it('13, 14: are created by either name and get ids that clients can read', async () => {
    const pipeline = await client.pipeline();
    expect(pipeline).toMatch(new RegExp(`^${UUID}_kurento\\.MediaPipeline$`));
    expect(await client.value('create', { type: 'kurento.MediaPipeline' })).toMatch(
      /_kurento\.MediaPipeline$/,
    );
    const endpoint = await client.endpoint(pipeline);
    expect(endpoint).toMatch(new RegExp(`^${pipeline}/${UUID}_kurento\\.WebRtcEndpoint$`));
  });

  it('18: describe themselves with their ancestors, nearest first', async () => {
    const endpoint = await client.endpoint(await client.pipeline());
    const { sessionId, ...description } = (await client.call('describe', { object: endpoint })).result;
    expect(sessionId).toBeDefined();
    expect(description).toEqual({
      type: 'WebRtcEndpoint',
      qualifiedType: 'kurento.WebRtcEndpoint',
      hierarchy: [
        'BaseRtpEndpoint',
        'SdpEndpoint',
        'SessionEndpoint',
        'Endpoint',
        'MediaElement',
        'MediaObject',
      ].map((name) => `kurento.${name}`),
    });
  });

  it('19: say what the server is', async () => {
    const info = (await client.invoke(MANAGER, 'getInfo')).result.value as {
      modules: { name: string; __type__: string }[];
      capabilities: string[];
      __type__: string;
    };
    expect(info.modules.map((module) => module.name)).toEqual(['core', 'elements', 'filters', 'parley']);
    expect(info.capabilities).toEqual(['transactions']);
    expect([info.__type__, info.modules[0].__type__]).toEqual(['ServerInfo', 'ModuleInfo']);
  });

  it('20, 22: are named by their id until they get a name, and again when it is taken away', async () => {
    const pipeline = await client.pipeline();
    const name = async () => (await client.invoke(pipeline, 'getName')).result.value;
    expect(await name()).toBe(pipeline);
    expect((await client.invoke(pipeline, 'setName', { name: 'room' })).result.value).toBeNull();
    expect(await name()).toBe('room');
    await client.invoke(pipeline, 'setName', { name: null });
    expect(await name()).toBe(pipeline);
  });

  it('23: carry tags', async () => {
    const pipeline = await client.pipeline();
    await client.invoke(pipeline, 'addTag', { key: 'stream', value: 'a' });
    await client.invoke(pipeline, 'addTag', { key: 'number', value: 7 });
    expect((await client.invoke(pipeline, 'getTag', { key: 'number' })).result.value).toBe('7');
    expect((await client.invoke(pipeline, 'getTags')).result.value).toEqual([
      { __module__: 'kurento', __type__: 'Tag', key: 'stream', value: 'a' },
      { __module__: 'kurento', __type__: 'Tag', key: 'number', value: '7' },
    ]);
    await client.invoke(pipeline, 'removeTag', { key: 'stream' });
    expect((await client.invoke(pipeline, 'getTag', { key: 'stream' })).error.code).toBe(40110);
  });

  it('25, 26: can be released twice, with their children, and not be used after', async () => {
    const pipeline = await client.pipeline();
    const endpoint = await client.endpoint(pipeline);
    const release = { object: pipeline };
    const first = await client.call('release', release);
    expect(first.result).toEqual({ sessionId: first.result.sessionId });
    expect((await client.call('release', release)).result).toBeDefined();
    for (const object of [pipeline, endpoint])
      expect((await client.invoke(object, 'getName')).error.code).toBe(40101);
    expect((await client.call('release', { object: MANAGER })).result).toBeDefined();
    expect((await client.invoke(MANAGER, 'getCpuCount')).result.value).toBeGreaterThan(0);
  });

  it('27: know their family', async () => {
    const pipeline = await client.pipeline();
    const endpoint = await client.endpoint(pipeline);
    const get = async (object: string, what: string) => (await client.invoke(object, what)).result.value;
    expect(await get(pipeline, 'getChildren')).toEqual([endpoint]);
    expect(await get(endpoint, 'getParent')).toBe(pipeline);
    expect(await get(endpoint, 'getMediaPipeline')).toBe(pipeline);
    expect(await get(pipeline, 'getParent')).toBeNull();
    expect(await get(MANAGER, 'getPipelines')).toContain(pipeline);
  });

  it('37: can be created in a session whose id the client chose', async () => {
    const { result } = await client.call('create', { type: 'MediaPipeline', sessionId: 'chosen' });
    expect(result.sessionId).toBe('chosen');
    expect((await client.invoke(MANAGER, 'getSessions')).result.value).toContain('chosen');
  });

  it('refuse a constructor parameter that would have no effect, and take its default', async () => {
    const mediaPipeline = await client.pipeline();
    const create = (constructorParams: Record<string, unknown>): Promise<Answer> =>
      client.call('create', {
        type: 'WebRtcEndpoint',
        constructorParams: { mediaPipeline, ...constructorParams },
      });
    expect((await create({ useDataChannels: true })).error.code).toBe(40006);
    expect((await create({ useDataChannels: false, unknown: 5 })).error).toBeUndefined();
    expect((await create({ certificateKeyType: 'DSA' })).error.code).toBe(40001);
  });
});

describe('connections of elements', () => {
  async function twoEndpoints(): Promise<[string, string, string]> {
    const pipeline = await client.pipeline();
    return [await client.endpoint(pipeline), await client.endpoint(pipeline), pipeline];
  }

  it('28: stay inside one pipeline, and end at elements', async () => {
    const [source, sink, pipeline] = await twoEndpoints();
    const stranger = await client.endpoint(await client.pipeline());
    expect((await client.invoke(source, 'connect', { sink: stranger })).error.code).toBe(40004);
    expect((await client.invoke(source, 'connect', { sink: pipeline })).error.code).toBe(40001);
    expect((await client.invoke(source, 'connect', { sink: MANAGER })).error.code).toBe(40001);
    expect((await client.invoke(source, 'connect', { sink, mediaType: 'SMELL' })).error.code).toBe(40001);
  });

  it('29: tell of each kind that is connected, from the source', async () => {
    const [source, sink] = await twoEndpoints();
    await client.value('subscribe', { object: source, type: 'ElementConnected' });
    await client.value('subscribe', { object: sink, type: 'ElementConnected' });
    await client.invoke(source, 'connect', { sink });
    const seen = client.events.filter(
      (event) => event.type === 'ElementConnected' && event.data.sink === sink,
    );
    expect(seen.map((event) => event.data.mediaType)).toEqual(['AUDIO', 'VIDEO', 'DATA']);
    expect(new Set(seen.map((event) => event.object))).toEqual(new Set([source]));
  });

  it('30: replace the former source of a kind, which says so', async () => {
    const [first, sink, pipeline] = await twoEndpoints();
    const second = await client.endpoint(pipeline);
    await client.invoke(first, 'connect', { sink });
    await client.value('subscribe', { object: first, type: 'ElementDisconnected' });
    await client.invoke(second, 'connect', { sink, mediaType: 'VIDEO' });
    await client.event((event) => event.type === 'ElementDisconnected' && event.object === first);
    const video = { mediaType: 'VIDEO' };
    expect((await client.invoke(sink, 'getSourceConnections', video)).result.value).toEqual([
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
    expect((await client.invoke(sink, 'getSourceConnections')).result.value).toHaveLength(3);
    expect((await client.invoke(first, 'getSinkConnections', video)).result.value).toEqual([]);
  });

  it('go when either end is released', async () => {
    const [source, sink] = await twoEndpoints();
    await client.invoke(source, 'connect', { sink: source });
    await client.invoke(source, 'connect', { sink });
    await client.call('release', { object: source });
    expect((await client.invoke(sink, 'getSourceConnections')).result.value).toEqual([]);
  });
});

describe('events', () => {
  it('24, 33: carry a textual time, and tags only when wanted', async () => {
    const endpoint = await client.endpoint(await client.pipeline());
    await client.invoke(endpoint, 'addTag', { key: 'k', value: 'v' });
    await client.value('subscribe', { object: endpoint, type: 'IceCandidateFound' });
    await client.invoke(endpoint, 'gatherCandidates');
    await client.invoke(endpoint, 'setSendTagsInEvents', { sendTagsInEvents: true });
    await client.invoke(endpoint, 'gatherCandidates');
    const [plain, tagged] = client.events.filter((event) => event.object === endpoint);
    expect(plain).toEqual({
      object: endpoint,
      type: 'IceCandidateFound',
      data: {
        source: endpoint,
        timestampMillis: expect.stringMatching(/^\d{13}$/) as string,
        tags: [],
        type: 'IceCandidateFound',
        candidate: {
          __module__: 'kurento',
          __type__: 'IceCandidate',
          candidate: 'candidate:1',
          sdpMid: '0',
          sdpMLineIndex: 0,
        },
      },
    });
    expect(tagged.data.tags).toEqual([{ __module__: 'kurento', __type__: 'Tag', key: 'k', value: 'v' }]);
  });

  it('32: come once however often the session subscribed, until the last subscription is cancelled', async () => {
    const endpoint = await client.endpoint(await client.pipeline());
    const wanted = { object: endpoint, type: 'IceGatheringDone' };
    const subscriptions = [await client.value('subscribe', wanted), await client.value('subscribe', wanted)];
    expect(subscriptions[0]).not.toBe(subscriptions[1]);
    const heard = async (): Promise<number> => {
      await client.invoke(endpoint, 'gatherCandidates');
      return client.events.filter((event) => event.object === endpoint).length;
    };
    expect(await heard()).toBe(1);
    await client.call('unsubscribe', { object: endpoint, subscription: subscriptions[0] });
    expect(await heard()).toBe(2);
    await client.call('unsubscribe', { object: endpoint, subscription: subscriptions[1] });
    expect(await heard()).toBe(2);
    const again = await client.call('unsubscribe', { object: endpoint, subscription: subscriptions[1] });
    expect(again.result).toEqual({ sessionId: again.result.sessionId });
  });

  it('32: let who has released an object unsubscribe from it, as kurento-client does', async () => {
    const endpoint = await client.endpoint(await client.pipeline());
    const subscription = await client.value('subscribe', { object: endpoint, type: 'Error' });
    await client.call('release', { object: endpoint });
    const { result } = await client.call('unsubscribe', { object: endpoint, subscription });
    expect(result).toEqual({ sessionId: result.sessionId });
  });

  it('34: tell other sessions of objects that come and go, children first', async () => {
    const watcher = await TestClient.open(server.port);
    await watcher.value('subscribe', { object: MANAGER, type: 'ObjectCreated' });
    await watcher.value('subscribe', { object: MANAGER, type: 'ObjectDestroyed' });
    const pipeline = await client.pipeline();
    const endpoint = await client.endpoint(pipeline);
    await client.call('release', { object: pipeline });
    await watcher.event((event) => event.type === 'ObjectDestroyed' && event.data.objectId === pipeline);
    const seen = watcher.events.map(({ type, data }) => [type, data.object ?? data.objectId]);
    expect(seen).toEqual([
      ['ObjectCreated', pipeline],
      ['ObjectCreated', endpoint],
      ['ObjectDestroyed', endpoint],
      ['ObjectDestroyed', pipeline],
    ]);
    expect(watcher.events[0].data).not.toHaveProperty('type');
    await watcher.drop();
  });
});

describe('transactions', () => {
  const step = (id: number, method: string, params: Record<string, unknown>) => {
    return { id, jsonrpc: '2.0', method, params };
  };
  const run = (...operations: unknown[]): Promise<Answer> =>
    client.call('transaction', { operations, object: 'junk' });

  it('35: let later steps name the results of earlier ones', async () => {
    const { result } = await run(
      step(0, 'create', { type: 'MediaPipeline' }),
      step(1, 'create', { type: 'WebRtcEndpoint', constructorParams: { mediaPipeline: 'newref:0' } }),
      step(2, 'invoke', {
        object: 'newref:1',
        operation: 'addTag',
        operationParams: { key: 'a', value: 'b' },
      }),
    );
    const responses = result.value as Answer[];
    expect(responses.map((response) => response.id)).toEqual([0, 1, 2]);
    expect(responses[1].result.value).toMatch(new RegExp(`^${String(responses[0].result.value)}/`));
    expect(
      (await client.invoke(responses[1].result.value as string, 'getTag', { key: 'a' })).result.value,
    ).toBe('b');
  });

  it('35: stop at the first step that fails, and take nothing back', async () => {
    const { result } = await run(
      step(0, 'create', { type: 'MediaPipeline' }),
      step(1, 'create', { type: 'Nonsense' }),
      step(2, 'create', { type: 'MediaPipeline' }),
    );
    const responses = result.value as Answer[];
    expect(responses).toHaveLength(2);
    expect(responses[1].error.code).toBe(40108);
    expect((await client.invoke(responses[0].result.value as string, 'getName')).error).toBeUndefined();
  });

  it('35: are refused as a whole when misnumbered, nested, or referring to nothing', async () => {
    const create = { type: 'MediaPipeline' };
    expect((await run(step(1, 'create', create))).error.code).toBe(40008);
    expect((await run(step(0, 'transaction', { operations: [] }))).error.code).toBe(40008);
    expect((await run(step(0, 'describe', { object: 'newref:0' }))).error.code).toBe(40008);
    expect((await run(5)).error.code).toBe(40008);
    expect((await client.call('transaction', {})).error.code).toBe(-32000);
  });
});

describe('negotiation', () => {
  it('40: takes one offer, and has descriptions only after it', async () => {
    const endpoint = await client.endpoint(await client.pipeline());
    const processOffer = (offer: string): Promise<Answer> =>
      client.invoke(endpoint, 'processOffer', { offer });
    await client.value('subscribe', { object: endpoint, type: 'IceCandidateFound' });
    expect((await client.invoke(endpoint, 'getLocalSessionDescriptor')).error.code).toBe(40202);
    expect((await client.invoke(endpoint, 'getRemoteSessionDescriptor')).error.code).toBe(40203);
    expect((await processOffer('')).error.code).toBe(40201);
    expect((await processOffer('nonsense')).error.code).toBe(40201);
    expect((await processOffer(OFFER)).result.value).toBe('v=0 answer');
    expect((await processOffer(OFFER)).error.code).toBe(40208);
    expect((await client.invoke(endpoint, 'getLocalSessionDescriptor')).result.value).toBe('v=0 answer');
    expect((await client.invoke(endpoint, 'getRemoteSessionDescriptor')).result.value).toBe(OFFER);
    expect(client.events.filter((event) => event.object === endpoint)).toEqual([]);
    expect((await client.invoke(endpoint, 'generateOffer')).error.code).toBe(40208);
  });
});
