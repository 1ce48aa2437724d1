// One camera or one screen on the media server: a pipeline with one up leg, a down leg per viewer, and recorders.
// Does not tell anybody: the stream processor does.
import type {
  Candidate,
  Leg as LegName,
  LegStep,
  ParticipantId,
  RoomId,
  StreamDescription,
  TraceLeg,
} from '@parley/protocol';
import type { StreamId, StreamKind } from '@parley/protocol';
import type { Logger } from 'pino';
import type { HeldStream } from '../continuity/live-state.ts';
import type { JsonObject, MediaServer } from '../kurento/media-server.ts';
import { OWNER_TAG } from '../kurento/orphans.ts';
import { Refusal } from '../refusal.ts';
import type { Participant } from '../rooms/participant.ts';
import type { SessionTracer } from '../trace/session-tracer.ts';
import type { TracedMediaServer } from '../trace/traced-media-server.ts';
import type { LegReport } from '../trace/traced-session.ts';
import type { Tracing } from '../trace/tracing.ts';
import { Leg, LEG_EVENTS } from './leg.ts';
import { checkOfferSends } from './offer.ts';
import { connectKinds, Recorder, type RecorderOptions } from './recorder.ts';
import { StreamLedger } from './stream-ledger.ts';
import { createTagged, releaseLogged, type Tags } from './tagged.ts';
import { UpWatch } from './up-watch.ts';

export type StreamState = 'permitted' | 'starting' | 'running' | 'closed';

export interface StreamOptions {
  id: StreamId;
  owner: Participant;
  kind: StreamKind;
  audio: boolean;
  video: boolean;
  muted: boolean;
  mediaServer: MediaServer;
  tracing: Tracing;
  installation: string;
  log: Logger;
  /** The stream runs: called in the same moment, so that nobody sees it twice or not at all. */
  onStarted(): void;
  /** The up leg is gone without having been stopped; at most once. */
  onMediaLost(): void;
  /** Who receives the stream has changed; may come in bursts. */
  onLedgerChanged(): void;
}

/** What is asked of a recorder, besides what the stream knows itself. */
export type RecordOptions = Pick<RecorderOptions, 'uri' | 'onRecording' | 'onStopped' | 'onError'>;

/** How long a closing stream waits for a file to be completed, in ms: viewers' endpoints must be gone within 2 s. */
const CLOSING_RECORDER_DEADLINE_MS = 1_500;

export class Stream {
  readonly id: StreamId;
  readonly owner: Participant;
  readonly kind: StreamKind;
  readonly audio: boolean;
  readonly video: boolean;
  muted: boolean;
  /** Who receives it, from evidence. */
  readonly ledger: StreamLedger;
  readonly trace: SessionTracer;
  readonly #mediaServer: TracedMediaServer;
  readonly #installation: string;
  readonly #log: Logger;
  readonly #up: Leg;
  readonly #upWatch: UpWatch;
  readonly #onStarted: () => void;
  readonly #downs = new Map<ParticipantId, Leg>();
  /** Also those whose start is still under way, so that closing waits for them. */
  readonly #recorders = new Set<Promise<Recorder>>();
  #state: StreamState = 'permitted';
  #pipeline: string | undefined;
  #starting: Promise<string> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: StreamOptions) {
    this.id = options.id;
    this.owner = options.owner;
    this.kind = options.kind;
    this.audio = options.audio;
    this.video = options.video;
    this.muted = options.muted;
    const { id, owner, kind, room } = this;
    this.trace = options.tracing.begin({
      id,
      kind,
      room,
      participant: owner,
      legs: () => this.#legReports(),
    });
    this.#mediaServer = this.trace.mediaServer(options.mediaServer);
    this.#installation = options.installation;
    this.#log = options.log.child({ room: this.room, stream: this.id });
    this.#onStarted = () => options.onStarted();
    const watch = new UpWatch({
      audio: this.audio,
      video: this.video,
      onLost: (why) => {
        this.#log.info({ why }, 'the media of a stream was lost');
        options.onMediaLost();
      },
    });
    this.#upWatch = watch;
    this.ledger = new StreamLedger({
      stream: this.id,
      audio: this.audio,
      video: this.video,
      onChange: () => options.onLedgerChanged(),
      onKeyframeNeeded: (viewer, again) => {
        this.trace.remedy(this.#traceLeg(viewer), 'requestKeyframe');
        this.#requestKeyframe();
        // RTCP may have no way to the sender; signalling has.
        if (again) this.owner.notify('keyFrameWanted', { stream: this.id });
      },
      onOverdue: (viewer, step, cause) => this.trace.gap(this.#traceLeg(viewer), step, cause),
    });
    const reached = (step: LegStep) => this.ledger.upReached(step);
    this.#up = this.#newLeg('up', this.owner, reached, {
      [LEG_EVENTS.ice]: (data) => reportIce(data, reached),
      [LEG_EVENTS.connection]: (data) => watch.onConnectionState(data),
      [LEG_EVENTS.dtls]: (data) => {
        if (data['state'] === 'CONNECTED') reached('dtls-connected');
        watch.onDtlsState(data);
      },
      [LEG_EVENTS.flowOut]: (data) => {
        const { mediaType, state } = data;
        if (mediaType === 'AUDIO') this.ledger.upFlows('audio', state === 'FLOWING');
        else if (mediaType === 'VIDEO') this.ledger.upFlows('video', state === 'FLOWING');
        watch.onFlow(data);
      },
    });
  }

  get state(): StreamState {
    return this.#state;
  }

  get room(): RoomId {
    return this.owner.room.id;
  }

  describe(): StreamDescription {
    const { id, owner, kind, audio, video, muted } = this;
    return { id, participant: owner.id, kind, audio, video, muted };
  }

  /**
   * Sets up the pipeline and the up leg, and gives the answer. After a failure the stream has to be closed.
   * @throws Refusal; MediaServerError
   */
  async start(sdpOffer: string): Promise<string> {
    if (this.#state === 'closed') throw Refusal.streamEnded();
    if (this.#state !== 'permitted') throw Refusal.invalidMessage('this stream was started before');
    checkOfferSends(sdpOffer, this);
    this.#state = 'starting';
    this.#starting = this.#setUp(sdpOffer);
    const answer = await this.#starting;
    // Closed while the last step was under way; read anew, because TypeScript cannot know.
    this.#checkOpen();
    this.#state = 'running';
    this.#upWatch.answered();
    this.#onStarted();
    return answer;
  }

  /**
   * Gives a viewer a new endpoint, in place of a former one. On failure the viewer has none, unless asked again meanwhile.
   * @throws Refusal; MediaServerError
   */
  async watch(viewer: Participant, sdpOffer: string): Promise<string> {
    const leg = this.#downOf(viewer);
    const { pipeline, up } = this.#running();
    this.ledger.viewerAsked(viewer.id);
    const opening = leg.open(pipeline, sdpOffer, (endpoint) =>
      connectKinds(this.#mediaServer.forLeg(this.#traceLeg(viewer.id)), up, endpoint, this),
    );
    try {
      return await opening;
    } catch (error) {
      // The viewer came back over another connection and has asked again: the leg is that one's.
      if (leg.opening !== opening) throw error;
      if (this.#downs.get(viewer.id) === leg) this.#downs.delete(viewer.id);
      this.ledger.viewerReported(viewer.id, REFUSED);
      await leg.close(this.#state === 'closed' ? 'with-pipeline' : 'alone');
      this.#checkOpen();
      throw error;
    }
  }

  async unwatch(viewer: ParticipantId): Promise<void> {
    const leg = this.#downs.get(viewer);
    this.#downs.delete(viewer);
    this.ledger.viewerStopped(viewer);
    await leg?.close();
  }

  /** Whether the viewer has an endpoint that is negotiated. */
  isWatchedBy(viewer: ParticipantId): boolean {
    return this.#downs.get(viewer)?.negotiated ?? false;
  }

  /** The viewer has left the room. */
  async viewerLeft(viewer: ParticipantId): Promise<void> {
    await this.unwatch(viewer);
    this.ledger.viewerGone(viewer);
  }

  /** @throws Refusal; MediaServerError; the leg is then as it was */
  async restartUpIce(sdpOffer: string, via: 'any' | 'tcp'): Promise<string> {
    return this.#up.restartIce(sdpOffer, via);
  }

  /** @throws Refusal; MediaServerError; the leg is then as it was */
  async restartDownIce(viewer: Participant, sdpOffer: string, via: 'any' | 'tcp'): Promise<string> {
    const leg = this.#downs.get(viewer.id);
    if (!leg) throw Refusal.unknownStream();
    return leg.restartIce(sdpOffer, via);
  }

  addUpCandidate(candidate: Candidate): void {
    this.#up.addCandidate(candidate);
  }

  addDownCandidate(viewer: Participant, candidate: Candidate): void {
    this.#downOf(viewer).addCandidate(candidate);
  }

  /** What the next life of this server needs to have this stream; undefined while it does not run. */
  get held(): HeldStream | undefined {
    const up = this.#up.held;
    if (this.#state !== 'running' || this.#pipeline === undefined || !up) return undefined;
    const downs = [...this.#downs].flatMap(([viewer, { held }]) => (held ? { viewer, ...held } : []));
    return { ...this.describe(), pipeline: this.#pipeline, up, downs };
  }

  /**
   * Takes over what a former life of this server left running, but for the recorders. A leg of a viewer that is gone is
   * left out. After a failure the stream has to be closed.
   * @throws MediaServerError: the up leg is not there any more
   */
  async adopt({ pipeline, up, downs }: HeldStream): Promise<void> {
    this.#pipeline = pipeline;
    await this.#up.adopt(up);
    this.#checkOpen();
    this.#state = 'running';
    this.#upWatch.answered();
    const adopted = downs.map(async ({ viewer, ...held }) => {
      const participant = this.owner.room.participants.get(viewer);
      if (!participant) return;
      this.ledger.viewerAsked(viewer);
      await this.#downOf(participant).adopt(held);
    });
    for (const [at, result] of (await Promise.allSettled(adopted)).entries()) {
      const viewer = downs[at]?.viewer;
      if (result.status === 'fulfilled' || viewer === undefined) continue;
      this.#log.info({ viewer, err: result.reason as unknown }, 'a viewer’s leg is not there any more');
      this.#downs.delete(viewer);
      this.ledger.viewerGone(viewer);
    }
  }

  /** Takes over the recorder that a former life of this server added. @throws Refusal; MediaServerError */
  async adoptRecorder(element: string, options: Omit<RecordOptions, 'uri'>): Promise<Recorder> {
    this.#running();
    const starting: Promise<Recorder> = Recorder.adopt(element, {
      ...options,
      mediaServer: this.#mediaServer,
      log: this.#log,
      onStopped: (at) => {
        this.#recorders.delete(starting);
        options.onStopped(at);
      },
    });
    return this.#keep(starting);
  }

  /**
   * Adds a recorder to the running stream. It is stopped with the stream, if not before.
   * @throws Refusal; MediaServerError
   */
  async record(options: RecordOptions): Promise<Recorder> {
    const { pipeline, up } = this.#running();
    const { audio, video } = this;
    const starting = Recorder.start({
      ...options,
      mediaServer: this.#mediaServer,
      log: this.#log,
      pipeline,
      source: up,
      audio,
      video,
      tags: this.#tags('recorder', this.owner),
      onStopped: (at) => {
        this.#recorders.delete(starting);
        options.onStopped(at);
      },
    });
    return this.#keep(starting);
  }

  /** Completes the files, then releases everything at once; idempotent. Never rejects. */
  close(): Promise<void> {
    return (this.#closing ??= this.#tearDown());
  }

  async #keep(starting: Promise<Recorder>): Promise<Recorder> {
    this.#recorders.add(starting);
    try {
      return await starting;
    } catch (error) {
      this.#recorders.delete(starting);
      this.#checkOpen();
      throw error;
    }
  }

  async #setUp(sdpOffer: string): Promise<string> {
    const tags = this.#tags(this.kind, this.owner);
    const pipeline = await createTagged(this.#mediaServer, 'MediaPipeline', {}, tags, this.#log);
    this.#pipeline = pipeline;
    // Closed meanwhile: there was nothing to release then.
    if (this.#closing) await releaseLogged(this.#mediaServer, pipeline, this.#log);
    this.#checkOpen();
    try {
      return await this.#up.open(pipeline, sdpOffer, () => Promise.resolve());
    } catch (error) {
      this.#checkOpen();
      throw error;
    }
  }

  async #tearDown(): Promise<void> {
    this.#state = 'closed';
    this.#upWatch.close();
    this.trace.end();
    this.ledger.close();
    await Promise.all([...this.#recorders].map((starting) => stopRecorder(starting)));
    if (this.#pipeline !== undefined) await releaseLogged(this.#mediaServer, this.#pipeline, this.#log);
    const legs = [this.#up, ...this.#downs.values()];
    this.#downs.clear();
    await Promise.all(legs.map((leg) => leg.close('with-pipeline')));
    // Its failure was told to whoever started; here only its end matters.
    await Promise.allSettled([this.#starting]);
  }

  /** @throws Refusal ('unknown-stream') */
  #running(): { pipeline: string; up: string } {
    const up = this.#up.endpoint;
    if (this.#state !== 'running' || this.#pipeline === undefined || up === undefined)
      throw Refusal.unknownStream();
    return { pipeline: this.#pipeline, up };
  }

  #checkOpen(): void {
    if (this.#state === 'closed') throw Refusal.streamEnded();
  }

  #downOf(viewer: Participant): Leg {
    const present = this.#downs.get(viewer.id);
    if (present) return present;
    this.#checkOpen();
    const reached = (step: LegStep) => this.ledger.viewerReached(viewer.id, step);
    const leg = this.#newLeg('down', viewer, reached, {
      [LEG_EVENTS.ice]: (data) => reportIce(data, reached),
      // The viewer closed their peer connection and did not say so: nothing may be sent into the void.
      [LEG_EVENTS.dtls]: ({ state }) => {
        if (state === 'CONNECTED') reached('dtls-connected');
        if (state === 'CLOSED' || state === 'FAILED') void leg.drop();
      },
    });
    this.#downs.set(viewer.id, leg);
    return leg;
  }

  #newLeg(
    direction: 'up' | 'down',
    participant: Participant,
    onStep: (step: LegStep) => void,
    events: ConstructorParameters<typeof Leg>[0]['events'],
  ): Leg {
    const name: LegName = { kind: direction, stream: this.id };
    return new Leg({
      mediaServer: this.#mediaServer.forLeg({ kind: direction, participant: participant.id }),
      direction,
      tags: this.#tags(direction, participant),
      log: this.#log.child({ leg: direction, participant: participant.id }),
      onStep,
      onCandidate: (candidate) => participant.notify('candidate', { leg: name, candidate }),
      events,
    });
  }

  #requestKeyframe(): void {
    const up = this.#up.endpoint;
    if (up === undefined) return;
    this.#mediaServer
      .invoke(up, 'requestKeyframe')
      .catch((err: unknown) => this.#log.debug({ err }, 'a key frame could not be asked for'));
  }

  /** @param viewer null: the up leg */
  #traceLeg(viewer: ParticipantId | null): TraceLeg {
    return viewer === null
      ? { kind: 'up', participant: this.owner.id }
      : { kind: 'down', participant: viewer };
  }

  #legReports(): LegReport[] {
    return this.ledger.legs().map(({ viewer, status, steps }) => ({
      leg: this.#traceLeg(viewer),
      participantName:
        viewer === null ? this.owner.name : (this.owner.room.participants.get(viewer)?.name ?? null),
      status,
      steps,
      endpoint: (viewer === null ? this.#up : this.#downs.get(viewer))?.endpoint,
    }));
  }

  #tags(kind: string, participant: Participant): Tags {
    return {
      [OWNER_TAG]: this.#installation,
      stream: this.id,
      participant: participant.id,
      room: this.room,
      kind,
    };
  }
}

/** A viewer whose endpoint could not be made. */
const REFUSED = { state: 'failed', step: 'permitted', cause: 'endpoint-refused' } as const;

function reportIce({ state }: JsonObject, reached: (step: LegStep) => void): void {
  if (state === 'CONNECTED' || state === 'READY') reached('ice-connected');
}

async function stopRecorder(starting: Promise<Recorder>): Promise<void> {
  const [started] = await Promise.allSettled([starting]);
  if (started.status === 'fulfilled') await started.value.stop(CLOSING_RECORDER_DEADLINE_MS);
}
