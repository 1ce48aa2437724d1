// What this participant sends into the room: camera and microphone as one stream, a shared screen as another. Follows the
// devices; when a stream may begin is the room session's business.
import type { Candidate, IceServer, Leg, LegStatus, StreamDescription, StreamId } from '@parley/protocol';
import { DeviceError } from './devices.ts';
import type { LocalDevices } from './local-devices.ts';
import { OwnStream, type OwnStreamOptions } from './own-stream.ts';
import { legKey } from './peer-leg.ts';
import { switchState, type SwitchState } from './room-view.ts';
import { QueueClosedError, StepQueue } from './step-queue.ts';
import { kindsOf, sameTracks, stopTracks } from './tracks.ts';
import type { OwnSource } from './who-sees.ts';

export interface OwnStreamsOptions extends Pick<
  OwnStreamOptions,
  'signalling' | 'createPeerConnection' | 'sendCandidate' | 'report' | 'onChange' | 'onTrace'
> {
  devices: LocalDevices;
  /** Lets the person choose a screen. @throws DeviceError */
  openScreen(): Promise<MediaStream>;
  /** Whether there is a connection to the server, by which a stream can begin. */
  connected(): boolean;
  /** Whether the room is entered, so that a change of device changes what is sent. */
  joined(): boolean;
  /** Tells the person what is wrong, in a sentence. */
  problem(text: string): void;
  /** This stream of one's own is no more. */
  onDropped(stream: StreamId): void;
}

export class OwnStreams {
  readonly #options: OwnStreamsOptions;
  /** Negotiations of own streams run here, one after the other. */
  readonly #steps = new StepQueue();
  readonly #unsubscribe: () => void;
  #preview: MediaStream | undefined;
  #camera: OwnStream | undefined;
  #screen: OwnStream | undefined;
  /** What the person shares; outlives the streams that carry it. */
  #screenMedia: MediaStream | undefined;
  #choosingScreen = false;
  #failures: { camera: DeviceError | undefined; microphone: DeviceError | undefined };
  #ended = false;

  constructor(options: OwnStreamsOptions) {
    this.#options = options;
    this.#preview = this.#currentMedia();
    this.#failures = this.#currentFailures();
    this.#unsubscribe = options.devices.subscribe(() => this.#devicesChanged());
  }

  get camera(): OwnStream | undefined {
    return this.#camera;
  }

  get screen(): OwnStream | undefined {
    return this.#screen;
  }

  /** What camera and microphone give at the moment. */
  get preview(): MediaStream | undefined {
    return this.#preview;
  }

  get muted(): boolean {
    const { microphone } = this.#options.devices.snapshot();
    return !microphone.track || !microphone.wanted;
  }

  get screenSwitch(): SwitchState {
    return this.#screenMedia ? 'on' : this.#choosingScreen ? 'starting' : 'off';
  }

  get cameraFailure(): DeviceError | undefined {
    return this.#options.devices.snapshot().camera.failure;
  }

  get microphoneSwitch(): SwitchState {
    return switchState(this.#options.devices.snapshot().microphone);
  }

  get cameraSwitch(): SwitchState {
    return switchState(this.#options.devices.snapshot().camera);
  }

  byId(id: StreamId): OwnStream | undefined {
    return [this.#camera, this.#screen].find((own) => own?.id === id);
  }

  /** What this participant sends or would like to send. */
  sources(): OwnSource[] {
    const devices = this.#options.devices.snapshot();
    const failures = (['camera', 'microphone'] as const).flatMap((device) => {
      const { failure, wanted } = devices[device];
      return failure && wanted ? [{ device, cause: failure.failure, words: failure.words }] : [];
    });
    const camera = { kind: 'camera' as const, stream: this.#camera?.id, failures, ...kindsOf(this.#preview) };
    if (!this.#screenMedia) return [camera];
    const shared = { failures: [], ...kindsOf(this.#screenMedia) };
    return [camera, { kind: 'screen', stream: this.#screen?.id, ...shared }];
  }

  async shareScreen(): Promise<void> {
    if (this.#screenMedia || this.#choosingScreen || this.#ended) return;
    this.#choosingScreen = true;
    this.#options.onChange();
    try {
      const media = await this.#options.openScreen();
      // Read anew: it may have ended meanwhile, which TypeScript cannot know.
      if (this.#isEnded()) return stopTracks(media);
      this.#screenMedia = media;
      // The browser's own "Stop sharing" ends the track.
      media.getVideoTracks()[0]?.addEventListener('ended', () => this.stopSharing());
      this.#renewScreen();
    } catch (error) {
      this.#options.problem(DeviceError.from('screen', error).message);
    } finally {
      this.#choosingScreen = false;
      this.#options.onChange();
    }
  }

  stopSharing(): void {
    if (!this.#screenMedia) return;
    stopTracks(this.#screenMedia);
    this.#screenMedia = undefined;
    this.#renewScreen();
  }

  addRemoteCandidate(stream: StreamId, candidate: Candidate): void {
    this.byId(stream)?.addRemoteCandidate(candidate);
  }

  /** Begins a stream of everything that there is to send. */
  begin(): void {
    this.#renewCamera();
    if (this.#screenMedia) this.#renewScreen();
  }

  /** Keeps what runs here and at the server (`legs`, `streams`), ends what runs at one side only, and begins the rest. */
  resume(legs: readonly Leg[], streams: readonly StreamDescription[]): void {
    const running = new Set(legs.map(legKey));
    for (const leg of legs)
      if (leg.kind === 'up' && !this.byId(leg.stream)) this.#tell('stopBroadcast', { stream: leg.stream });
    const isKept = (own: OwnStream | undefined, media: MediaStream | undefined) => {
      const runs = own?.id !== undefined && running.has(legKey({ kind: 'up', stream: own.id }));
      if (!runs) own?.forget();
      const kept = runs && own.isUp && sameTracks(own.media, media);
      if (kept) own.hurry();
      return kept;
    };
    if (!isKept(this.#camera, this.#preview)) this.#renewCamera();
    else {
      const stream = streams.find(({ id }) => id === this.#camera?.id);
      const { muted } = this;
      if (stream && stream.muted !== muted) this.#tell('setMuted', { stream: stream.id, muted });
    }
    if (!isKept(this.#screen, this.#screenMedia) && (this.#screen ?? this.#screenMedia)) this.#renewScreen();
  }

  /** What was being negotiated cannot be any more; what is connected may last longer than the loss. */
  closeUnfinished(): void {
    if (!this.#camera?.isUp) {
      this.#camera?.close();
      this.#camera = undefined;
    }
    if (!this.#screen?.isUp) {
      this.#screen?.close();
      this.#screen = undefined;
    }
  }

  /** The network has changed: interruptions are mended at once. */
  hurry(): void {
    this.#camera?.hurry();
    this.#screen?.hurry();
  }

  /** Takes new credentials for what is sent at the moment; permission to send anew brings its own. */
  async renewIceServers(iceServers: readonly IceServer[]): Promise<void> {
    await Promise.all([this.#camera?.renewIceServers(iceServers), this.#screen?.renewIceServers(iceServers)]);
  }

  /** Ends the streams; the devices and the shared screen stay as they are. */
  close(): void {
    this.#camera?.close();
    this.#screen?.close();
    this.#camera = undefined;
    this.#screen = undefined;
  }

  /** Nothing will begin any more, and the screen is no longer captured; the streams end with `close`. Idempotent. */
  end(): void {
    this.#ended = true;
    this.#unsubscribe();
    this.#steps.close();
    if (this.#screenMedia) stopTracks(this.#screenMedia);
  }

  #isEnded(): boolean {
    return this.#ended;
  }

  #devicesChanged(): void {
    const media = this.#currentMedia();
    if (!sameTracks(media, this.#preview)) {
      this.#preview = media;
      if (this.#options.joined()) this.#renewCamera();
    }
    this.#camera?.setMuted(this.muted);
    this.#tellFailures();
    this.#options.onChange();
  }

  /** Those of before the call were told in the lobby. */
  #tellFailures(): void {
    const former = this.#failures;
    this.#failures = this.#currentFailures();
    for (const kind of ['microphone', 'camera'] as const) {
      const failure = this.#failures[kind];
      if (failure && failure !== former[kind]) this.#options.problem(failure.message);
    }
  }

  /** Ends the present stream of camera and microphone and, when there is anything to send, begins a new one. */
  #renewCamera(): void {
    this.#runStep(async () => {
      this.#drop(this.#camera);
      this.#camera = this.#preview && this.#newStream('camera', this.#preview);
      this.#camera?.start();
      this.#options.onChange();
    });
  }

  #renewScreen(): void {
    this.#runStep(async () => {
      this.#drop(this.#screen);
      this.#screen = this.#screenMedia && this.#newStream('screen', this.#screenMedia);
      this.#screen?.start();
      this.#options.onChange();
    });
  }

  #drop(stream: OwnStream | undefined): void {
    if (stream?.id) this.#options.onDropped(stream.id);
    stream?.close();
  }

  #runStep(step: () => Promise<void>): void {
    this.#steps.run(step).catch((error: unknown) => {
      if (!(error instanceof QueueClosedError)) console.error('a step of the negotiation failed', error);
    });
  }

  #newStream(kind: 'camera' | 'screen', media: MediaStream): OwnStream | undefined {
    if (!this.#options.connected()) return undefined;
    const { signalling, createPeerConnection, sendCandidate, report, onChange, onTrace } = this.#options;
    return new OwnStream({
      signalling,
      createPeerConnection,
      sendCandidate,
      report: (stream: StreamId, status: LegStatus) => report(stream, status),
      onChange,
      onTrace,
      kind,
      media,
      muted: kind === 'camera' && this.muted,
      steps: this.#steps,
    });
  }

  #tell(name: 'stopBroadcast', params: { stream: StreamId }): void;
  #tell(name: 'setMuted', params: { stream: StreamId; muted: boolean }): void;
  #tell(name: 'stopBroadcast' | 'setMuted', params: never): void {
    this.#options.signalling.request(name, params).catch((error: unknown) => {
      console.debug(`${name} was not accepted`, error);
    });
  }

  #currentMedia(): MediaStream | undefined {
    const { camera, microphone } = this.#options.devices.snapshot();
    const tracks = [microphone.track, camera.track].filter((track) => track !== undefined);
    return tracks.length > 0 ? new MediaStream(tracks) : undefined;
  }

  #currentFailures() {
    const { camera, microphone } = this.#options.devices.snapshot();
    return { camera: camera.failure, microphone: microphone.failure };
  }
}
