// What the Kurento server does beyond the forty checks (forty-checks.test.ts), over a real WebSocket; the door and sessions
// are in websocket-server.test.ts and sessions.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, TestClient, type Answer, type TestServer } from './testing.ts';

const MANAGER = 'manager_ServerManager';

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

  it('refuses what is nested too deeply as no request', async () => {
    const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
    client.send(`{"jsonrpc":"2.0","id":1,"method":"ping","params":${deep}}`);
    expect(await client.answer()).toMatchObject({ id: null, error: { code: -32600 } });
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
  ['an object that is a list', 'describe', { object: [] }, -32000, undefined],
  ['a session id that is an object', 'describe', { object: MANAGER, sessionId: {} }, -32000, undefined],
  ['a number as object id that is no object', 'describe', { object: 5 }, 40101, 'MEDIA_OBJECT_NOT_FOUND'],
  ['a class that we do not have', 'create', { type: 'Composite' }, 40108, 'MEDIA_OBJECT_NOT_AVAILABLE'],
  [
    'an endpoint in what is no pipeline',
    'create',
    { type: 'WebRtcEndpoint', constructorParams: { mediaPipeline: MANAGER } },
    40001,
    'MARSHALL_ERROR',
  ],
  ['a setter without value', 'invoke', { object: MANAGER, operation: 'setName' }, 40001, 'MARSHALL_ERROR'],
];

describe('refuses', () => {
  it.each(REFUSALS)('%s', async (_check, method, params, code, type) => {
    const { error } = await client.call(method, params);
    expect(error).toMatchObject({ code, message: expect.any(String) as string });
    expect((error.data as { type?: string } | undefined)?.type).toBe(type);
  });
});

describe('objects', () => {
  it('take the defaults of constructor parameters, and none of another kind', async () => {
    const mediaPipeline = await client.pipeline();
    const create = (constructorParams: Record<string, unknown>): Promise<Answer> =>
      client.call('create', {
        type: 'WebRtcEndpoint',
        constructorParams: { mediaPipeline, ...constructorParams },
      });
    expect((await create({ useDataChannels: false, unknown: 5 })).error).toBeUndefined();
    expect((await create({ certificateKeyType: 'DSA' })).error.code).toBe(40001);
    expect((await create({ recvonly: 'true' })).error.code).toBe(40001);
  });
});

describe('connections of elements', () => {
  async function twoEndpoints(): Promise<[string, string, string]> {
    const pipeline = await client.pipeline();
    return [await client.endpoint(pipeline), await client.endpoint(pipeline), pipeline];
  }

  it('end at elements', async () => {
    const [source, sink, pipeline] = await twoEndpoints();
    expect((await client.invoke(source, 'connect', { sink: pipeline })).error.code).toBe(40001);
    expect((await client.invoke(source, 'connect', { sink: MANAGER })).error.code).toBe(40001);
    expect((await client.invoke(source, 'connect', { sink, mediaType: 'SMELL' })).error.code).toBe(40001);
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
  it('can be unsubscribed from after the release of their object, as kurento-client does', async () => {
    const endpoint = await client.endpoint(await client.pipeline());
    const subscription = await client.value('subscribe', { object: endpoint, type: 'Error' });
    await client.call('release', { object: endpoint });
    const { result } = await client.call('unsubscribe', { object: endpoint, subscription });
    expect(result).toEqual({ sessionId: result.sessionId });
  });
});

describe('transactions', () => {
  const step = (id: number, method: string, params: Record<string, unknown>) => {
    return { id, jsonrpc: '2.0', method, params };
  };
  const run = (...operations: unknown[]): Promise<Answer> =>
    client.call('transaction', { operations, object: 'junk' });

  it('are refused as a whole when nested, or no list', async () => {
    expect((await run(step(0, 'transaction', { operations: [] }))).error.code).toBe(40008);
    expect((await run(5)).error.code).toBe(40008);
    expect((await client.call('transaction', {})).error.code).toBe(-32000);
  });
});
