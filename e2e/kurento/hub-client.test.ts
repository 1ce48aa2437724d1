// Hubs, statistics and graphs as Kurento's own client for Node asks for them: it makes ports in a way of its own, and reads
// complex values by the types that stand in them.
import { copyFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nextEvent, refusalOf } from '../src/kurento/application.ts';
import {
  connectKurentoClient,
  type Callback,
  type KurentoClient,
  type MediaElement,
  type MediaObject,
  type MediaPipeline,
  type PlayerEndpoint,
} from '../src/kurento/kurento-client.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';

/** What the tests use of hubs; the client's own types are none. */
interface Hub extends MediaObject {
  createHubPort(callback: Callback<MediaElement>): unknown;
  connect(source: MediaElement, sink: MediaElement, callback?: Callback): Promise<void>;
  getGstreamerDot(details?: string): Promise<string>;
}

interface OneToMany extends Hub {
  setSource(source: MediaElement): Promise<void>;
  removeSource(): Promise<void>;
}

interface Measured extends MediaPipeline {
  setLatencyStats(measured: boolean): Promise<void>;
  getLatencyStats(): Promise<boolean>;
}

interface Manager extends MediaObject {
  getKmd(moduleName: string, callback?: Callback<string>): Promise<string>;
  getUsedCpu(interval: number): Promise<number>;
}

let server: MediaServerAlone;
let client: KurentoClient;
let pipeline: Measured;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  server = await startMediaServerAlone();
  client = await connectKurentoClient(server.url);
  pipeline = (await client.create('MediaPipeline')) as Measured;
});
afterAll(async () => {
  client?.close();
  await server?.stop();
});

const hub = (type: string) => pipeline.create(type, {}) as unknown as Promise<Hub>;

/** By callback: what the client gives back at once is no promise, and has no id yet. */
const portOf = (hub: Hub) =>
  new Promise<MediaElement>((resolve, reject) => {
    hub.createHubPort((error, port) => (error ? reject(error) : resolve(port)));
  });

it('routes by ports that the client makes of a hub, and knows them as its children', async () => {
  const dispatcher = await hub('Dispatcher');
  const [one, two] = [await portOf(dispatcher), await portOf(dispatcher)];
  await dispatcher.connect(one, two);
  expect(one.id).toMatch(/^[^/]+_kurento\.MediaPipeline\/[^/]+_kurento\.Dispatcher\/[^/]+_kurento\.HubPort$/);
  expect((await dispatcher.getChildren()).map(({ id }) => id)).toEqual([one.id, two.id]);
  expect(await dispatcher.getGstreamerDot('SHOW_ALL')).toMatch(/^digraph "/);
  const stranger = await portOf(await hub('DispatcherOneToMany'));
  const refusal = await refusalOf((callback) => dispatcher.connect(one, stranger, callback));
  expect(refusal).toMatchObject({ code: 40004 });
});

it('takes what the client sends for a port: the whole of it, and not its id', async () => {
  const oneToMany = (await hub('DispatcherOneToMany')) as OneToMany;
  const [one, two] = [await portOf(oneToMany), await portOf(oneToMany)];
  await oneToMany.setSource(one);
  const links = async () => (await oneToMany.getGstreamerDot()).split('color=blue').length - 1;
  expect(await links()).toBe(2);
  expect(await oneToMany.getGstreamerDot()).toContain(`"${one.id}" -> "${two.id}"`);
  await oneToMany.removeSource();
  expect(await links()).toBe(0);
});

it('records what is played, through a hub, and says how long it takes', async () => {
  await pipeline.setLatencyStats(true);
  expect(await pipeline.getLatencyStats()).toBe(true);
  const dispatcher = await hub('Dispatcher');
  const [source, out] = [await portOf(dispatcher), await portOf(dispatcher)];
  const middle = await pipeline.create('PassThrough', {});
  const recording = { uri: server.fileUri('hub.webm') };
  const recorder = await pipeline.create('RecorderEndpoint', recording);
  const clip = new URL('../../packages/media-server/src/playing/fixtures/vp8-opus.webm', import.meta.url);
  copyFileSync(clip, server.filePath('clip.webm'));
  const player: PlayerEndpoint = await pipeline.create('PlayerEndpoint', {
    uri: server.fileUri('clip.webm'),
  });
  await dispatcher.connect(source, out);
  await player.connect(source);
  await out.connect(middle);
  await middle.connect(recorder);
  const recorded = nextEvent(recorder, 'Recording');
  const flowing = nextEvent(middle, 'MediaFlowOutStateChanged');
  await recorder.record();
  await player.play();
  await Promise.all([recorded, flowing]);
  const stats = await recorder.getStats();
  expect(stats[recorder.id]).toMatchObject({ type: 'endpoint' });
  const latencies = stats[recorder.id]?.['inputLatency'] as { name: string; avg: number }[];
  expect(latencies.map(({ name }) => name)).toContain('sink_audio_default');
  for (const { avg } of latencies) expect(avg).toBeGreaterThan(0);
  await recorder.stopAndWait();
});

it('describes its modules, and measures the processors', async () => {
  const manager = (await client.getServerManager()) as unknown as Manager;
  expect(JSON.parse(await manager.getKmd('elements'))).toMatchObject({ name: 'elements' });
  expect(await refusalOf((callback) => manager.getKmd('chroma', callback))).toMatchObject({ code: 40500 });
  const used = await manager.getUsedCpu(50);
  expect(used).toBeGreaterThanOrEqual(0);
  expect(used).toBeLessThan(150);
});
