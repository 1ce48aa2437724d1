import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeKurento } from '../testing/fake-kurento.ts';
import { silent } from '../testing/harness.ts';
import { KurentoClient, type KurentoClientOptions } from './kurento-client.ts';

let kurento: FakeKurento;
const clients: KurentoClient[] = [];

beforeEach(async () => {
  kurento = await FakeKurento.listen();
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await kurento.close();
});

/** A client, and a promise for each change of its state, in order. */
function create(options: Partial<KurentoClientOptions> = {}) {
  const onAvailable = vi.fn();
  const onLost = vi.fn();
  const client = new KurentoClient({
    url: kurento.url,
    installation: 'mine',
    log: silent,
    onAvailable: () => {
      onAvailable();
      options.onAvailable?.();
    },
    onLost: () => {
      onLost();
      options.onLost?.();
    },
    ...without(options, 'onAvailable', 'onLost'),
  });
  clients.push(client);
  return { client, onAvailable, onLost };
}

function without<T extends object, K extends keyof T>(value: T, ...keys: K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key as K))) as Omit<T, K>;
}

test('presents its token, and keeps the session that it was given', async () => {
  const { client } = create({ token: 'secret' });
  await client.start();
  const pipeline = await client.create('MediaPipeline');
  expect(kurento.authorizations).toEqual(['Bearer secret']);
  await client.invoke(pipeline, 'addTag', { key: 'a', value: 'b' });
  await client.release(pipeline);
  expect(kurento.callsOf('release')[0]?.params).toMatchObject({ sessionId: 'session' });
});

test('releases what a former life of its own left, and nothing else', async () => {
  const own = kurento.plant('MediaPipeline', { parley: 'mine', stream: 'x' });
  const other = kurento.plant('MediaPipeline', { parley: 'another' });
  const foreign = kurento.plant('MediaPipeline', { kuid: 'openmeetings' });
  const untagged = kurento.plant('MediaPipeline', {});
  const { client } = create();
  await client.start();
  expect(client.available).toBe(true);
  expect(kurento.callsOf('release').map(({ object }) => object)).toEqual([own.id]);
  expect([...kurento.objects.keys()]).toEqual([other.id, foreign.id, untagged.id]);
  expect(kurento.callsOf('unref').map(({ object }) => object)).toEqual([other.id, foreign.id, untagged.id]);
});

test('a pipeline that vanishes while it is looked at does not keep it from connecting', async () => {
  kurento.plant('MediaPipeline', { parley: 'mine' });
  kurento.failOnce('getTags', 40101);
  const { client } = create();
  await client.start();
  expect(client.available).toBe(true);
});

test('without a media server every call says "unreachable", and it connects when one is there', async () => {
  await kurento.stopListening();
  let connected: () => void = () => undefined;
  const isConnected = new Promise<void>((resolve) => (connected = resolve));
  const { client, onLost } = create({ onAvailable: () => connected() });
  await client.start();
  expect(client.available).toBe(false);
  await expect(client.create('MediaPipeline')).rejects.toMatchObject({ failure: 'unreachable' });
  await kurento.listenAgain();
  await isConnected;
  await expect(client.create('MediaPipeline')).resolves.toContain('MediaPipeline');
  expect(onLost).not.toHaveBeenCalled();
});

test('a lost connection ends what waits, forgets the handlers and is replaced', async () => {
  let lost: () => void = () => undefined;
  const isLost = new Promise<void>((resolve) => (lost = resolve));
  let again: () => void = () => undefined;
  const isBack = new Promise<void>((resolve) => (again = resolve));
  const { client, onAvailable } = create({
    onLost: () => lost(),
    onAvailable: () => {
      if (onAvailable.mock.calls.length === 2) again();
    },
  });
  await client.start();
  const pipeline = await client.create('MediaPipeline');
  const handler = vi.fn();
  await client.subscribe(pipeline, 'Error', handler);
  const held = kurento.hold('create WebRtcEndpoint');
  const waiting = client.create('WebRtcEndpoint', { mediaPipeline: pipeline });
  await held.arrived;
  kurento.disconnect('remembering');
  await expect(waiting).rejects.toMatchObject({ failure: 'unreachable' });
  await isLost;
  held.release();
  await isBack;
  await expect(client.invoke(pipeline, 'getTags')).resolves.toEqual([]);
  expect(handler).not.toHaveBeenCalled();
});

test('is connected once after the media server was away, and told of it once', async () => {
  let lost: () => void = () => undefined;
  const isLost = new Promise<void>((resolve) => (lost = resolve));
  let again: () => void = () => undefined;
  const isBack = new Promise<void>((resolve) => (again = resolve));
  const { client, onAvailable, onLost } = create({
    onLost: () => lost(),
    onAvailable: () => {
      if (onAvailable.mock.calls.length === 2) again();
    },
  });
  await client.start();
  await kurento.stopListening();
  await isLost;
  const before = kurento.authorizations.length;
  await kurento.listenAgain();
  await isBack;
  await client.create('MediaPipeline');
  expect(kurento.authorizations.length - before).toBe(1);
  expect([onAvailable.mock.calls.length, onLost.mock.calls.length]).toEqual([2, 1]);
});

test('an answer after the deadline is an error, and the late object is released', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { client } = create({ deadlineMs: 50 });
  await client.start();
  const held = kurento.hold('create MediaPipeline');
  const refused = expect(client.create('MediaPipeline')).rejects.toMatchObject({ failure: 'unreachable' });
  await held.arrived;
  await vi.advanceTimersByTimeAsync(50);
  await refused;
  held.release();
  await kurento.until(() => kurento.callsOf('release').length === 1);
  await kurento.until(() => kurento.objects.size === 0);
});

test('a media server that does not answer pings any more is lost', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { client, onLost } = create({ pingIntervalMs: 10, deadlineMs: 50 });
  await client.start();
  kurento.answersPings = false;
  await vi.advanceTimersByTimeAsync(10 + 50);
  expect(onLost).toHaveBeenCalledOnce();
  expect(client.available).toBe(false);
});

test('events reach their handlers until the object or its parent is released', async () => {
  const { client } = create();
  await client.start();
  const pipeline = await client.create('MediaPipeline');
  const endpoint = await client.create('WebRtcEndpoint', { mediaPipeline: pipeline });
  const seen: unknown[] = [];
  let heard: () => void = () => undefined;
  const isHeard = new Promise<void>((resolve) => (heard = resolve));
  await client.subscribe(endpoint, 'IceCandidateFound', () => {
    throw new Error('a handler that fails must not keep others from hearing');
  });
  await client.subscribe(endpoint, 'IceCandidateFound', ({ candidate }) => {
    seen.push(candidate);
    heard();
  });
  expect(kurento.callsOf('subscribe IceCandidateFound')).toHaveLength(1);
  kurento.emit(endpoint, 'IceCandidateFound', { candidate: 1 });
  await isHeard;
  await client.release(pipeline);
  kurento.emit(endpoint, 'IceCandidateFound', { candidate: 2 });
  await client.create('MediaPipeline');
  expect(seen).toEqual([1]);
});

test('Kurento’s own errors keep their code', async () => {
  const { client } = create();
  await client.start();
  await expect(client.invoke('nothing', 'getTags')).rejects.toMatchObject({
    failure: 'refused',
    code: 40101,
  });
});

test('closing ends an attempt that is under way', async () => {
  const held = kurento.hold('getPipelines');
  const { client, onLost } = create();
  const started = client.start();
  await held.arrived;
  await client.close();
  await started;
  expect(client.available).toBe(false);
  expect(onLost).not.toHaveBeenCalled();
  held.release();
});

test('a subscription that was refused leaves no handler, and can be tried again', async () => {
  const { client } = create();
  await client.start();
  const pipeline = await client.create('MediaPipeline');
  const [refused, accepted] = [vi.fn(), vi.fn()];
  kurento.failOnce('subscribe Error', 40100);
  await expect(client.subscribe(pipeline, 'Error', refused)).rejects.toThrow('40100');
  await client.subscribe(pipeline, 'Error', accepted);
  kurento.emit(pipeline, 'Error', {});
  await client.invoke(pipeline, 'getTags');
  expect(accepted).toHaveBeenCalledOnce();
  expect(refused).not.toHaveBeenCalled();
});
