// Bounds on what clients may have, over a real WebSocket: each refuses in the original's words, and the rest goes on.
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startTestServer, TestClient, type TestServer } from './testing.ts';

const NOT_ENOUGH_RESOURCES = { code: 40009, data: { type: 'NOT_ENOUGH_RESOURCES' } };
const MANAGER = 'manager_ServerManager';

let server: TestServer;
afterEach(() => server.close());

describe('the Kurento server', () => {
  it('refuses more objects than a session may have', async () => {
    server = await startTestServer({ limits: { maxObjectsPerSession: 2 } });
    const greedy = await TestClient.open(server.port);
    const pipeline = await greedy.pipeline();
    await greedy.endpoint(pipeline);
    const create = { type: 'MediaPipeline' };
    expect((await greedy.call('create', create)).error).toMatchObject(NOT_ENOUGH_RESOURCES);
    await greedy.call('release', { object: pipeline });
    expect((await greedy.call('create', create)).error).toBeUndefined();
  });

  it('refuses more objects than all may have, however many sessions they are spread over', async () => {
    server = await startTestServer({ limits: { maxObjectsPerSession: 2 } });
    const greedy = await TestClient.open(server.port);
    const create = (sessionId: string) => greedy.call('create', { type: 'MediaPipeline', sessionId });
    for (const session of ['a', 'b', 'c', 'd']) expect((await create(session)).error).toBeUndefined();
    expect((await create('e')).error).toMatchObject(NOT_ENOUGH_RESOURCES);
    expect(server.counts().objects).toBe(4);
  });

  it('refuses more sessions than there may be, but lets none that is empty and abandoned shut others out', async () => {
    server = await startTestServer({ limits: { maxSessions: 3 } });
    const greedy = await TestClient.open(server.port);
    const describe = (sessionId: string) => greedy.call('describe', { object: MANAGER, sessionId });
    for (const session of ['a', 'b', 'c', 'd', 'e']) expect((await describe(session)).error).toBeUndefined();
    const create = (sessionId: string) => greedy.call('create', { type: 'MediaPipeline', sessionId });
    for (const session of ['f', 'g', 'h']) expect((await create(session)).error).toBeUndefined();
    const late = await TestClient.open(server.port);
    const refused = await late.call('describe', { object: MANAGER });
    expect(refused.error).toMatchObject(NOT_ENOUGH_RESOURCES);
    expect((await greedy.call('ping')).result.sessionId).toBe('h');
    expect(server.counts()).toMatchObject({ sessions: 3, objects: 3 });
  });

  it('refuses more subscriptions than a session may have, and than all may have', async () => {
    server = await startTestServer({ limits: { maxObjectsPerSession: 1 } });
    const greedy = await TestClient.open(server.port);
    const subscribe = (sessionId: string) =>
      greedy.call('subscribe', { object: MANAGER, type: 'ObjectCreated', sessionId });
    for (let count = 0; count < 10; count++) await subscribe('a');
    expect((await subscribe('a')).error).toMatchObject(NOT_ENOUGH_RESOURCES);
    for (let count = 0; count < 10; count++) expect((await subscribe('b')).error).toBeUndefined();
    expect((await subscribe('c')).error).toMatchObject(NOT_ENOUGH_RESOURCES);
    await greedy.call('closeSession', { sessionId: 'a' });
    expect(server.counts().subscriptions).toBe(10);
    expect((await subscribe('c')).error).toBeUndefined();
  });

  it('refuses more tags, and longer names and tags, than an object may have, and keeps those it has', async () => {
    server = await startTestServer();
    const greedy = await TestClient.open(server.port);
    const pipeline = await greedy.pipeline();
    const invoke = async (operation: string, params: Record<string, unknown>) =>
      (await greedy.invoke(pipeline, operation, params)).error as unknown;
    for (let key = 0; key < 256; key++)
      expect(await invoke('addTag', { key: `${key}`, value: 'x' })).toBeUndefined();
    expect(await invoke('addTag', { key: 'one more', value: '' })).toMatchObject(NOT_ENOUGH_RESOURCES);
    expect(await invoke('addTag', { key: '7', value: 'again' })).toBeUndefined();
    await invoke('removeTag', { key: '8' });
    expect(await invoke('addTag', { key: '8', value: 'x' })).toBeUndefined();

    const tagCharacters = 10 + 90 * 2 + 156 * 3 + 256 + 'again'.length - 'x'.length;
    const name = 'n'.repeat(64 * 1024 - tagCharacters);
    expect(await invoke('setName', { name: `${name}n` })).toMatchObject(NOT_ENOUGH_RESOURCES);
    expect(await invoke('setName', { name })).toBeUndefined();
    expect(await invoke('addTag', { key: '7', value: 'again!' })).toMatchObject(NOT_ENOUGH_RESOURCES);
    expect((await greedy.invoke(pipeline, 'getTag', { key: '7' })).result.value).toBe('again');
    expect(await invoke('setName', { name: '' })).toBeUndefined();
    expect(await invoke('addTag', { key: '7', value: 'again!' })).toBeUndefined();
  });

  it('refuses more names and tags than all objects may have, until one with some is released', async () => {
    server = await startTestServer({ limits: { maxLabelCharacters: 100 } });
    const greedy = await TestClient.open(server.port);
    const [one, other] = [await greedy.pipeline(), await greedy.pipeline()];
    const setName = (object: string, length: number) =>
      greedy.invoke(object, 'setName', { name: 'n'.repeat(length) });
    await setName(one, 60);
    expect((await setName(other, 41)).error).toMatchObject(NOT_ENOUGH_RESOURCES);
    expect((await setName(other, 40)).error).toBeUndefined();
    await greedy.call('release', { object: one });
    await expect.poll(() => server.counts().objects, { timeout: 10_000 }).toBe(1);
    expect((await setName(other, 100)).error).toBeUndefined();
    expect((await setName(other, 101)).error).toMatchObject(NOT_ENOUGH_RESOURCES);
  });

  it('does nothing more of a transaction that has taken too long, whose client has its answer', async () => {
    server = await startTestServer({ deadlineMs: 50 });
    const client = await TestClient.open(server.port);
    const measure = (interval: number) => ({
      object: MANAGER,
      operation: 'getUsedCpu',
      operationParams: { interval },
    });
    const operations = [
      { id: 0, method: 'invoke', params: measure(35) },
      { id: 1, method: 'invoke', params: measure(35) },
      { id: 2, method: 'create', params: { type: 'MediaPipeline' } },
    ];
    expect((await client.call('transaction', { operations })).error.code).toBe(-32603);
    // As long as the steps that were left would have taken.
    await client.call('invoke', measure(45));
    expect(server.counts().objects).toBe(0);
  });

  it('answers a message that is too long, closes with 1009, and keeps the session for the next connection', async () => {
    server = await startTestServer({ limits: { maxMessageBytes: 1_000 } });
    const wordy = await TestClient.open(server.port);
    const { sessionId } = (await wordy.call('describe', { object: MANAGER })).result;
    const closed = once(wordy.socket, 'close');
    wordy.send(`{"jsonrpc":"2.0","id":5,"method":"ping","params":{"a":"${'x'.repeat(1_000)}"}}`);
    expect(await wordy.answer()).toMatchObject({ id: null, error: NOT_ENOUGH_RESOURCES });
    expect((await closed)[0]).toBe(1009);
    const line = server.logged.find(({ msg }) => /message was longer than 1000 bytes/.test(String(msg)));
    expect(line).toMatchObject({ level: 40, client: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as unknown });
    expect(line).not.toHaveProperty('err');
    const again = await TestClient.open(server.port);
    expect((await again.call('connect', { sessionId })).result.sessionId).toBe(sessionId);
  });

  it('answers 503 to more connections than there may be, and takes the next one when one has gone', async () => {
    server = await startTestServer({ limits: { maxConnections: 2 } });
    const clients = [await TestClient.open(server.port), await TestClient.open(server.port)];
    const refused = new WebSocket(`ws://127.0.0.1:${server.port}/kurento`);
    refused.on('error', () => undefined);
    const [, response] = (await once(refused, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(503);
    expect((await clients[1].call('ping')).result.value).toBe('pong');
    await clients[0].drop();
    await expect.poll(() => server.counts().connections, { timeout: 10_000 }).toBe(1);
    const next = await TestClient.open(server.port);
    expect((await next.call('ping')).result.value).toBe('pong');
  });

  it('cuts off a client that does not read before it costs much memory, and releases nothing of its session', async () => {
    server = await startTestServer();
    const keen = await TestClient.open(server.port);
    const pipeline = await keen.pipeline();
    await keen.invoke(pipeline, 'setName', { name: 'x'.repeat(60_000) });
    const { sessionId } = (await keen.call('ping')).result;
    keen.socket.pause();
    for (let id = 0; id < 1_000; id++)
      keen.send({ jsonrpc: '2.0', id, method: 'invoke', params: { object: pipeline, operation: 'getName' } });
    await expect.poll(() => server.counts().connections, { timeout: 10_000 }).toBe(0);
    expect(server.logged).toContainEqual(
      expect.objectContaining({ msg: 'a Kurento client does not read, it is cut off' }),
    );
    const again = await TestClient.open(server.port);
    expect((await again.call('connect', { sessionId })).result.sessionId).toBe(sessionId);
    expect(server.counts().objects).toBe(1);
  });

  it('cuts off a client that answers no ping, and leaves one alone that does but says nothing else', async () => {
    server = await startTestServer({ pingMs: 20 });
    const quiet = await TestClient.open(server.port);
    const dead = new WebSocket(`ws://127.0.0.1:${server.port}/kurento`, { autoPong: false });
    await once(dead, 'open');
    const [code] = (await once(dead, 'close')) as [number];
    expect(code).toBe(1006);
    expect(quiet.socket.readyState).toBe(WebSocket.OPEN);
    await expect.poll(() => server.counts().connections, { timeout: 10_000 }).toBe(1);
  });
});
