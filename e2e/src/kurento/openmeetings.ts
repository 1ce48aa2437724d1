// Stands for OpenMeetings in front of the media server: its calls in its order, with its tags, its recorder profiles and
// its watch over what is created. Speaks as Kurento's Java client does on the wire.
import type { BrowserPeer } from './kurento-page.ts';
import type { KurentoConnection, KurentoEvent } from './kurento-connection.ts';

const MANAGER = 'manager_ServerManager';
/** Its `object.check.timeout`: how long a new object may go without the tags that say whose it is. */
const OBJECT_CHECK_MS = 200;

export type Activity = 'AUDIO' | 'VIDEO' | 'AUDIO_VIDEO' | 'SCREEN';
const PROFILES = {
  AUDIO: 'WEBM_AUDIO_ONLY',
  VIDEO: 'WEBM_VIDEO_ONLY',
  SCREEN: 'WEBM_VIDEO_ONLY',
  AUDIO_VIDEO: 'WEBM',
} as const satisfies Record<Activity, string>;

export interface Stream {
  readonly uid: string;
  readonly room: string;
  readonly activity: Activity;
  readonly pipeline: string;
  readonly outgoing: string;
  /** The endpoint of each viewer, by their uid. */
  readonly listeners: Map<string, string>;
  recorder?: string;
}

export class OpenMeetings {
  readonly connection: KurentoConnection;
  /** What its watch found to be nobody's and released. */
  readonly killed: string[] = [];
  readonly streams = new Map<string, Stream>();
  readonly #kuid: string;
  readonly #checks = new Set<ReturnType<typeof setTimeout>>();
  readonly #checked = new Set<string>();
  readonly #awaited = new Map<string, () => void>();

  private constructor(connection: KurentoConnection, kuid: string) {
    this.connection = connection;
    this.#kuid = kuid;
  }

  /** @param kuid tells its own pipelines from those of other installations */
  static async begin(connection: KurentoConnection, kuid = 'kuid-of-ours'): Promise<OpenMeetings> {
    await connection.request('ping', { interval: 240_000 });
    await connection.request('connect');
    const openMeetings = new OpenMeetings(connection, kuid);
    await connection.subscribe(MANAGER, 'ObjectCreated', 'ObjectDestroyed');
    connection.onEvent((event) => openMeetings.#watch(event));
    return openMeetings;
  }

  /** The sender's browser has offered: their stream comes into being. */
  async broadcast(
    uid: string,
    peer: BrowserPeer,
    activity: Activity = 'AUDIO_VIDEO',
    room = '7',
  ): Promise<Stream> {
    const offer = await peer.offer();
    const pipeline = await this.#pipeline({ kuid: this.#kuid, roomId: room, streamUid: uid });
    const outgoing = await this.connection.create('WebRtcEndpoint', {
      mediaPipeline: pipeline,
      recvonly: true,
    });
    const stream: Stream = { uid, room, activity, pipeline, outgoing, listeners: new Map() };
    this.streams.set(uid, stream);
    await this.#answer(outgoing, { outUid: uid, uid }, peer, offer, [
      'MediaSessionTerminated',
      'MediaFlowOutStateChanged',
      'MediaFlowInStateChanged',
    ]);
    return stream;
  }

  /** A viewer's browser has offered. One that does so again gets a new endpoint in place of the former. */
  async listen(
    { uid: outUid, pipeline, outgoing, activity, listeners }: Stream,
    uid: string,
    peer: BrowserPeer,
  ) {
    const offer = await peer.offer();
    const former = listeners.get(uid);
    if (former !== undefined) await this.connection.release(former);
    const endpoint = await this.connection.create('WebRtcEndpoint', {
      mediaPipeline: pipeline,
      sendonly: true,
    });
    listeners.set(uid, endpoint);
    await this.#tag(endpoint, { outUid, uid });
    for (const mediaType of mediaTypesOf(activity))
      await this.connection.invoke(outgoing, 'connect', { sink: endpoint, mediaType });
    await this.#answer(endpoint, {}, peer, offer, ['MediaFlowInStateChanged']);
    return endpoint;
  }

  /** Resolves when media arrive in the recorder. */
  async startRecording(stream: Stream, uri: string): Promise<string> {
    const recorder = await this.connection.create('RecorderEndpoint', {
      mediaPipeline: stream.pipeline,
      uri,
      mediaProfile: PROFILES[stream.activity],
      stopOnEndOfStream: true,
    });
    stream.recorder = recorder;
    await this.connection.subscribe(recorder, 'Recording', 'Stopped');
    for (const mediaType of mediaTypesOf(stream.activity))
      await this.connection.invoke(stream.outgoing, 'connect', { sink: recorder, mediaType });
    await this.connection.invoke(recorder, 'record');
    await this.connection.event(recorder, 'Recording');
    return recorder;
  }

  async stopRecording(stream: Stream): Promise<void> {
    const { recorder } = stream;
    if (recorder === undefined) return;
    delete stream.recorder;
    await this.connection.invoke(recorder, 'stopAndWait');
    await this.connection.event(recorder, 'Stopped');
    await this.connection.release(recorder);
  }

  /** The whole stream goes, in its order: listeners, recorder, endpoint, pipeline; all asked for at once. */
  async stopBroadcast(stream: Stream): Promise<void> {
    this.streams.delete(stream.uid);
    const ids = [...stream.listeners.values(), stream.recorder, stream.outgoing, stream.pipeline];
    await Promise.all(ids.filter((id) => id !== undefined).map((id) => this.connection.release(id)));
  }

  /** The check of one's own devices, first half: recorded while one sees oneself. Resolves with the recorder's events on. */
  async testRecord(peer: BrowserPeer, uri: string): Promise<{ pipeline: string; recorder: string }> {
    const offer = await peer.offer();
    const pipeline = await this.#pipeline({ kuid: this.#kuid, mode: 'test', roomId: 'test' });
    const endpoint = await this.connection.create('WebRtcEndpoint', { mediaPipeline: pipeline });
    await this.connection.invoke(endpoint, 'connect', { sink: endpoint });
    const recorder = await this.connection.create('RecorderEndpoint', {
      mediaPipeline: pipeline,
      uri,
      mediaProfile: 'WEBM',
    });
    await this.connection.subscribe(recorder, 'Recording', 'Stopped');
    await this.connection.invoke(endpoint, 'connect', { sink: recorder });
    await this.connection.invoke(recorder, 'record');
    await this.#answer(endpoint, {}, peer, offer, []);
    return { pipeline, recorder };
  }

  /** The other half: what was recorded is played as soon as the session has started, which is before media can flow. */
  async testPlay(peer: BrowserPeer, uri: string): Promise<{ pipeline: string; player: string }> {
    const offer = await peer.offer();
    const pipeline = await this.#pipeline({ kuid: this.#kuid, mode: 'test', roomId: 'test' });
    const endpoint = await this.connection.create('WebRtcEndpoint', { mediaPipeline: pipeline });
    const player = await this.connection.create('PlayerEndpoint', { mediaPipeline: pipeline, uri });
    await this.connection.invoke(player, 'connect', { sink: endpoint });
    await this.connection.subscribe(player, 'EndOfStream', 'Error');
    const started = this.connection
      .event(endpoint, 'MediaSessionStarted')
      .then(() => this.connection.invoke(player, 'play'));
    await this.#answer(endpoint, {}, peer, offer, ['MediaSessionStarted']);
    await started;
    return { pipeline, player };
  }

  /** Resolves once its watch has looked at an object: when it has gone on or been released. */
  async looksAt(object: string): Promise<void> {
    if (this.#checked.has(object)) return;
    const { promise, resolve } = deferred();
    this.#awaited.set(object, resolve);
    await promise;
  }

  /** Every NOT_FLOWING that an element told of. */
  notFlowing(object?: string): KurentoEvent[] {
    return this.connection.events.filter(
      (event) => event.data['state'] === 'NOT_FLOWING' && (object ?? event.object) === event.object,
    );
  }

  end(): void {
    for (const check of this.#checks) clearTimeout(check);
    this.connection.close();
  }

  /** All in one transaction, so that its own watch never sees it without tags. */
  async #pipeline(tags: Readonly<Record<string, string>>): Promise<string> {
    const operations = [
      { method: 'create', params: { type: 'MediaPipeline', constructorParams: {}, properties: {} } },
      ...Object.entries(tags).map(([key, value]) => ({
        method: 'invoke',
        params: { object: 'newref:0', operation: 'addTag', operationParams: { key, value } },
      })),
    ].map((operation, id) => ({ id, jsonrpc: '2.0', ...operation }));
    const { value } = await this.connection.request('transaction', { operations });
    const [created] = value as [{ result: { value: string } }];
    return created.result.value;
  }

  /** All asked for at once: its watch asks later, on the same connection, and so sees them all. */
  async #tag(object: string, tags: Readonly<Record<string, string>>): Promise<void> {
    await Promise.all(
      Object.entries(tags).map(([key, value]) => this.connection.invoke(object, 'addTag', { key, value })),
    );
  }

  async #answer(
    endpoint: string,
    tags: Readonly<Record<string, string>>,
    peer: BrowserPeer,
    offer: string,
    events: readonly string[],
  ): Promise<void> {
    await this.#tag(endpoint, tags);
    // Those that the browser found meanwhile were queued; the others follow as they come.
    peer.onCandidate((candidate) => {
      // One that comes when the endpoint was released has nobody to be told to.
      this.connection.invoke(endpoint, 'addIceCandidate', { candidate }).catch(() => undefined);
    });
    const accepted = deferred();
    this.connection.onEvent(({ object, type, data }) => {
      if (object !== endpoint || type !== 'IceCandidateFound') return;
      void accepted.promise.then(() => peer.addCandidate(data['candidate'] as RTCIceCandidateInit));
    });
    await this.connection.subscribe(endpoint, 'IceCandidateFound', ...events);
    const answer = await this.connection.invoke<string>(endpoint, 'processOffer', { offer });
    await this.connection.invoke(endpoint, 'gatherCandidates');
    await peer.acceptAnswer(answer);
    accepted.resolve();
  }

  #watch({ object, type, data }: KurentoEvent): void {
    if (object !== MANAGER || type !== 'ObjectCreated') return;
    const created = data['object'] as string;
    const check = setTimeout(() => {
      this.#checks.delete(check);
      void this.#check(created);
    }, OBJECT_CHECK_MS);
    this.#checks.add(check);
  }

  async #check(object: string): Promise<void> {
    if (!(await this.#isKnown(object))) {
      this.killed.push(object);
      await this.connection.release(object);
    }
    this.#checked.add(object);
    this.#awaited.get(object)?.();
  }

  async #isKnown(object: string): Promise<boolean> {
    const [pipeline = ''] = object.split('/');
    const ofPipeline = await this.#tagsOf(pipeline);
    // What has been released meanwhile needs no watch.
    if (!ofPipeline) return true;
    if (ofPipeline['kuid'] === this.#kuid && ofPipeline['mode'] === 'test') return true;
    const stream = this.streams.get(ofPipeline['streamUid'] ?? '');
    if (ofPipeline['kuid'] !== this.#kuid || stream?.pipeline !== pipeline) return false;
    if (!object.endsWith('WebRtcEndpoint')) return true;
    const tags = await this.#tagsOf(object);
    if (!tags) return true;
    const { outUid, uid } = tags;
    return outUid === stream.uid && (uid === stream.uid || stream.listeners.has(uid ?? ''));
  }

  async #tagsOf(object: string): Promise<Record<string, string> | undefined> {
    try {
      const tags = await this.connection.invoke<{ key: string; value: string }[]>(object, 'getTags');
      return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
    } catch (error) {
      if ((error as { code?: number }).code === 40_101) return undefined;
      throw error;
    }
  }
}

function mediaTypesOf(activity: Activity): ('AUDIO' | 'VIDEO')[] {
  if (activity === 'AUDIO_VIDEO') return ['AUDIO', 'VIDEO'];
  return activity === 'AUDIO' ? ['AUDIO'] : ['VIDEO'];
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((fulfil) => (resolve = fulfil));
  return { promise, resolve };
}
