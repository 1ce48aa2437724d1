// Sessions over a real WebSocket. The numbers count the forty checks of the original's behaviour.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, TestClient, type TestServer } from './testing.ts';

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
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
  it('36: survive the connection with their objects and subscriptions', async () => {
    const before = await TestClient.open(server.port);
    const endpoint = await before.endpoint(await before.pipeline());
    await before.value('subscribe', { object: endpoint, type: 'IceGatheringDone' });
    const { sessionId } = (await before.call('describe', { object: endpoint })).result;
    await before.drop();

    const after = await TestClient.open(server.port);
    expect((await after.call('connect', { sessionId })).result).toEqual({
      serverId: expect.stringMatching(new RegExp(UUID)) as string,
      sessionId,
    });
    expect((await after.invoke(endpoint, 'gatherCandidates')).result.sessionId).toBe(sessionId);
    await after.event((event) => event.type === 'IceGatheringDone');
    expect((await after.call('keepAlive', {})).result).toEqual({ sessionId });
    await after.drop();
  });

  it('36: follow their newest connection; the former one stays open and speaks for nobody', async () => {
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

  it('38: do not carry out a request that is sent again, and do carry out another one with its id', async () => {
    const create = { jsonrpc: '2.0', id: 'same', method: 'create', params: { type: 'MediaPipeline' } };
    client.send(create);
    const first = await client.answer();
    client.send(create);
    expect(await client.answer()).toEqual(first);
    const other = await TestClient.open(server.port);
    const { sessionId } = first.result;
    other.send({ ...create, params: { ...create.params, sessionId } });
    expect(await other.answer()).toEqual(first);
    other.send({ ...create, method: 'describe', params: { object: MANAGER, sessionId } });
    expect((await other.answer()).result.type).toBe('ServerManager');
    await other.drop();
  });

  it('39: are collected when abandoned, with what nobody else uses', async () => {
    const collecting = await startTestServer({ collectionPeriodMs: 20 });
    const keeper = await TestClient.open(collecting.port);
    await keeper.value('subscribe', { object: MANAGER, type: 'ObjectDestroyed' });
    const leaver = await TestClient.open(collecting.port);
    const [own, shared] = [await leaver.pipeline(), await leaver.pipeline()];
    await keeper.call('describe', { object: shared });
    await leaver.drop();
    await keeper.event((event) => event.data.objectId === own);
    expect((await keeper.invoke(shared, 'getName')).result.value).toBe(shared);
    await collecting.close();
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
