// Sessions over a real WebSocket. What all clients rely on is in forty-checks.test.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, TestClient, type TestServer } from './testing.ts';

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

describe('sessions', () => {
  it('follow their newest connection; the former one stays open and speaks for nobody', async () => {
    const before = await TestClient.open(server.port);
    const endpoint = await before.endpoint(await before.pipeline());
    await before.value('subscribe', { object: endpoint, type: 'IceGatheringDone' });
    const { sessionId } = (await before.call('ping')).result;
    const after = await TestClient.open(server.port);
    await after.call('connect', { sessionId });

    expect((await before.call('ping')).result).toEqual({ value: 'pong' });
    await after.invoke(endpoint, 'gatherCandidates');
    await after.event((event) => event.type === 'IceGatheringDone');
    expect(before.events).toEqual([]);
    expect((await before.call('describe', { object: MANAGER })).result.sessionId).not.toBe(sessionId);
    await before.drop();
    expect((await after.call('ping')).result.sessionId).toBe(sessionId);
    await after.drop();
  });

  it('carry out another request with the id of a former one, as a client sends that counts anew', async () => {
    const create = { jsonrpc: '2.0', id: 'same', method: 'create', params: { type: 'MediaPipeline' } };
    client.send(create);
    const { sessionId } = (await client.answer()).result;
    const other = await TestClient.open(server.port);
    other.send({ ...create, method: 'describe', params: { object: MANAGER, sessionId } });
    expect((await other.answer()).result.type).toBe('ServerManager');
    await other.drop();
  });

  it('close on demand: their objects go unless others use them, or all of them', async () => {
    const other = await TestClient.open(server.port);
    const [own, shared] = [await other.pipeline(), await other.pipeline()];
    await client.call('describe', { object: shared });
    const { sessionId } = (await other.call('ping')).result;
    expect((await other.call('closeSession', { sessionId })).result).toBeNull();
    expect((await client.invoke(own, 'getName')).error.code).toBe(40101);
    expect((await client.invoke(shared, 'getName')).error).toBeUndefined();
    await other.call('describe', { object: shared });
    await other.call('closeSession', { sessionId, release: true });
    expect((await client.invoke(shared, 'getName')).error.code).toBe(40101);
    expect((await other.call('closeSession', { sessionId: 'nobody' })).result).toBeNull();
    await other.drop();
  });

  it('let go of single objects', async () => {
    const pipeline = await client.pipeline();
    const other = await TestClient.open(server.port);
    await other.call('ref', { object: pipeline });
    await client.call('unref', { object: pipeline });
    expect((await other.invoke(pipeline, 'getName')).result.value).toBe(pipeline);
    await other.call('unref', { object: pipeline });
    expect((await other.invoke(pipeline, 'getName')).error.code).toBe(40101);
    await other.drop();
  });

  it('carry out what was sent before the connection was closed', async () => {
    const pipeline = await client.pipeline();
    const hasty = await TestClient.open(server.port);
    await client.value('subscribe', { object: MANAGER, type: 'ObjectDestroyed' });
    hasty.send({ jsonrpc: '2.0', id: 1, method: 'describe', params: { object: pipeline } });
    hasty.send({ jsonrpc: '2.0', id: 2, method: 'release', params: { object: pipeline } });
    hasty.socket.close();
    await client.event((event) => event.type === 'ObjectDestroyed' && event.data.objectId === pipeline);
  });
});
