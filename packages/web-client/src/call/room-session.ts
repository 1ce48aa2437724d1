// One participant's presence in one room, from joining to leaving: the heart of the page, without a view.
// Follows the local devices and the server's notifications, and comes back by itself when the server was gone.
import type {
  Candidate,
  Leg,
  Ledger,
  LegStatus,
  NotificationParams,
  RequestName,
  RequestParams,
  RequestResult,
  Resume,
  RoomId,
  StreamId,
} from '@parley/protocol';
import { NoAnswerError } from '@parley/protocol';
import { causeOfEnd } from './causes.ts';
import { DeviceError } from './devices.ts';
import type { LocalDevices } from './local-devices.ts';
import { NoticeBoard } from './notice-board.ts';
import { OwnStream } from './own-stream.ts';
import { legKey } from './peer-leg.ts';
import { refusalReason, sentenceFor } from './refusals.ts';
import {
  joinedState,
  nameOf,
  notRecorded,
  roomStateAfter,
  sharedScreen,
  withoutLedgers,
  type RoomState,
} from './room-state.ts';
import { switchState, tilesOf, type RoomPhase, type RoomSnapshot } from './room-view.ts';
import type { CloseReason, Notification, OpenSignalling, SignallingLike } from './signalling.ts';
import { QueueClosedError, StepQueue } from './step-queue.ts';
import { Store } from './store.ts';
import { WatchedStream } from './watched-stream.ts';
import { kindsOf, sameTracks, stopTracks } from './tracks.ts';
import { whoSees, type OwnSource } from './who-sees.ts';

export interface RoomSessionOptions {
  room: RoomId;
  name: string;
  /** Shared with the lobby; the session follows them, and whoever made them closes them. */
  devices: LocalDevices;
  openSignalling: OpenSignalling;
  createPeerConnection: (configuration: RTCConfiguration) => RTCPeerConnection;
  /** Who this page was before it was loaded anew. */
  resume?: Resume | undefined;
  /** By this the page can be the same participant again; `undefined`: not any more. */
  onResume?(resume: Resume | undefined): void;
  /** Lets the person choose a screen. @throws DeviceError */
  openScreen(): Promise<MediaStream>;
}

/** Pauses before trying to reach the server again, in ms; the last one is repeated for as long as it takes. */
export const RECONNECT_PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000] as const;

const TAKEN_OVER = 'You are in this room on another page now. Join again to come back to this one.';

/** How long leaving waits for the server, in ms: closing the connection says the same in the end. */
const LEAVE_DEADLINE_MS = 1_000;

export class RoomSession {
  readonly #options: RoomSessionOptions;
  readonly #notices = new NoticeBoard(() => this.#publish());
  readonly #store: Store<RoomSnapshot>;
  /** Negotiations of own streams run here, one after the other. */
  readonly #steps = new StepQueue();
  readonly #watched = new Map<StreamId, WatchedStream>();
  readonly #unsubscribe: () => void;
  #phase: RoomPhase = 'joining';
  #refusal: RoomSnapshot['refusal'];
  #signalling: SignallingLike | undefined;
  /** For legs, which outlive a connection to the server: whichever there is once the room is entered. */
  readonly #wire: SignallingLike = {
    request: (name, params, deadlineMs) => this.#requestInRoom(name, params, deadlineMs),
    close: () => undefined,
  };
  #resume: Resume | undefined;
  #room: RoomState | undefined;
  #preview: MediaStream | undefined;
  #camera: OwnStream | undefined;
  #screen: OwnStream | undefined;
  /** What the person shares; outlives the streams that carry it. */
  #screenMedia: MediaStream | undefined;
  #choosingScreen = false;
  /** Told before the answer to `join`, and not in it. */
  #earlyLedgers: Ledger[] = [];
  #soundBlocked = false;
  /** By the present connection; told before the answer to `join`, and not in it. */
  #mediaServerAvailable = true;
  #failures: { camera: DeviceError | undefined; microphone: DeviceError | undefined };
  #reconnects = 0;
  #joining = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RoomSessionOptions) {
    this.#options = options;
    this.#resume = options.resume;
    this.#preview = this.#currentMedia();
    this.#failures = this.#currentFailures();
    this.#store = new Store(this.#view());
    this.#unsubscribe = options.devices.subscribe(() => this.#devicesChanged());
  }

  readonly subscribe = (listener: () => void) => this.#store.subscribe(listener);
  readonly snapshot = () => this.#store.snapshot();

  /** Enters the room, or tries for as long as the server cannot be reached. Its outcome is in the snapshot. */
  async join(): Promise<void> {
    if (this.#isOver() || this.#signalling || this.#joining) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#joining = true;
    this.#mediaServerAvailable = true;
    this.#earlyLedgers = [];
    try {
      const signalling = await this.#options.openSignalling({
        notification: (notification) => this.#notified(notification),
        closed: (reason) => this.#lost(reason),
      });
      if (this.#isOver()) return signalling.close();
      this.#signalling = signalling;
      const { room, name } = this.#options;
      const resume = this.#resume && { resume: this.#resume };
      this.#entered(await signalling.request('join', { room, name, ...resume }));
    } catch (error) {
      this.#joinFailed(error);
    } finally {
      this.#joining = false;
    }
  }

  /** A device that fails to open is told in a notice. */
  async setMicrophone(on: boolean): Promise<void> {
    await this.#options.devices.setWanted('microphone', on);
  }

  /** A device that fails to open is told in a notice. */
  async setCamera(on: boolean): Promise<void> {
    await this.#options.devices.setWanted('camera', on);
  }

  async shareScreen(): Promise<void> {
    if (this.#screenMedia || this.#choosingScreen || !this.#room) return;
    const shared = sharedScreen(this.#room);
    if (shared) {
      const name = nameOf(this.#room, shared.participant);
      this.#notices.add('problem', `${name} is sharing a screen. Ask ${name} to stop first.`);
      return;
    }
    this.#choosingScreen = true;
    this.#publish();
    try {
      const media = await this.#options.openScreen();
      if (this.#isOver()) return stopTracks(media);
      this.#screenMedia = media;
      // The browser's own "Stop sharing" ends the track.
      media.getVideoTracks()[0]?.addEventListener('ended', () => this.stopSharing());
      this.#renewScreen();
    } catch (error) {
      this.#notices.add('problem', DeviceError.from('screen', error).message);
    } finally {
      this.#choosingScreen = false;
      this.#publish();
    }
  }

  stopSharing(): void {
    if (!this.#screenMedia) return;
    stopTracks(this.#screenMedia);
    this.#screenMedia = undefined;
    this.#renewScreen();
  }

  async startRecording(): Promise<void> {
    await this.#ask((signalling) => signalling.request('startRecording', {}));
  }

  async stopRecording(): Promise<void> {
    await this.#ask((signalling) => signalling.request('stopRecording', {}));
  }

  /** Begins a new row of tries for a tile's stream that was given up. */
  retry(tile: string): void {
    if (tile === 'own-camera') this.#camera?.start();
    else if (tile === 'own-screen') this.#screen?.start();
    else {
      const stream = this.snapshot().tiles.find(({ key }) => key === tile)?.stream;
      if (stream) this.#watch(stream);
    }
  }

  /** The browser holds the others' sound back until the person presses something, or no longer. */
  setSoundBlocked(blocked: boolean): void {
    this.#soundBlocked = blocked;
    for (const watched of this.#watched.values()) watched.setSoundBlocked(blocked);
  }

  dismiss(notice: number): void {
    this.#notices.remove(notice);
  }

  /** Leaves the room and ends everything that this session made; idempotent. */
  leave(): void {
    this.#options.onResume?.(undefined);
    this.#end('left', 'saying so');
  }

  /** Ends everything with the page, which may be loaded anew: then it is the same participant again. Idempotent. */
  hide(): void {
    this.#end('left', 'silently');
  }

  #refused(): void {
    this.#options.onResume?.(undefined);
    this.#end('refused', 'silently');
  }

  #end(phase: 'left' | 'refused', how: 'saying so' | 'silently'): void {
    if (this.#isOver()) return;
    this.#phase = phase;
    clearTimeout(this.#timer);
    this.#unsubscribe();
    this.#steps.close();
    if (this.#screenMedia) stopTracks(this.#screenMedia);
    const signalling = this.#signalling;
    this.#signalling = undefined;
    void this.#sayGoodbye(how, signalling);
    this.#notices.close();
    this.#publish();
  }

  /** DTLS's own goodbye is faster than a message: heard first, the server would take the media for lost. */
  async #sayGoodbye(how: 'saying so' | 'silently', signalling: SignallingLike | undefined): Promise<void> {
    try {
      if (how === 'saying so') await signalling?.request('leave', {}, LEAVE_DEADLINE_MS);
    } catch {
      console.debug('left without an answer');
    } finally {
      signalling?.close();
      this.#closeLegs();
    }
  }

  #isOver(): boolean {
    return this.#phase === 'left' || this.#phase === 'refused';
  }

  #entered(result: RequestResult<'join'>): void {
    if (this.#isOver()) return;
    this.#reconnects = 0;
    this.#resume = { participant: result.self.id, secret: result.secret };
    this.#options.onResume?.(this.#resume);
    this.#phase = 'joined';
    const state = joinedState(result, this.#earlyLedgers.splice(0));
    this.#room = { ...state, mediaServerAvailable: this.#mediaServerAvailable };
    const { recording } = this.#room;
    if (recording)
      this.#notices.add('info', `${nameOf(this.#room, recording.startedBy)} is recording this room`);
    this.#resumeLegs(result);
    this.#publish();
  }

  #joinFailed(error: unknown): void {
    if (this.#isOver()) return;
    const reason = refusalReason(error);
    if (reason === 'room-gone' || reason === 'room-full') {
      this.#refusal = { reason, text: sentenceFor(error) };
      return this.#refused();
    }
    if (reason === 'invalid-message') {
      this.#refusal = { reason: 'other', text: sentenceFor(error) };
      return this.#refused();
    }
    console.warn('the room could not be entered', error);
    const signalling = this.#signalling;
    this.#signalling = undefined;
    signalling?.close();
    this.#tryLater();
  }

  #lost(reason: CloseReason): void {
    if (this.#isOver() || reason === 'closed-here' || !this.#signalling) return;
    this.#signalling = undefined;
    if (reason === 'taken-over') {
      this.#refusal = { reason: 'other', text: TAKEN_OVER };
      return this.#refused();
    }
    this.#closeUnfinishedLegs();
    this.#tryLater();
  }

  #tryLater(): void {
    this.#phase = 'reconnecting';
    // A join that ran into its deadline is told twice: by the request and by the connection.
    if (this.#timer !== undefined) return;
    const pause = RECONNECT_PAUSES_MS[Math.min(this.#reconnects++, RECONNECT_PAUSES_MS.length - 1)];
    this.#timer = setTimeout(() => void this.join(), pause);
    this.#publish();
  }

  #notified(notification: Notification): void {
    const before = this.#room;
    const { name, params } = notification;
    if (name === 'mediaServer') this.#mediaServerAvailable = params.available;
    if (name === 'ledger' && this.#joining) this.#earlyLedgers.push(params);
    // Whatever else comes before the answer to `join` is contained in that answer.
    if (this.#phase !== 'joined' || !before) return;
    if (name === 'candidate') return this.#remoteCandidate(params.leg, params.candidate);
    const after = roomStateAfter(before, notification);
    this.#room = after;
    this.#announce(notification, before, after);
    this.#followStreams(before, after);
    if (name === 'streamStopped') this.#ownStreamLost(params);
    if (name === 'mediaServer') this.#mediaServerChanged(params.available);
    this.#publish();
  }

  /** Watches what has come and drops what has gone. */
  #followStreams(before: RoomState, after: RoomState): void {
    for (const id of before.streams.keys()) if (!after.streams.has(id)) this.#unwatch(id);
    for (const id of after.streams.keys()) if (!before.streams.has(id)) this.#watch(id);
  }

  #announce({ name, params }: Notification, before: RoomState, after: RoomState): void {
    if (name === 'participantJoined') this.#notices.add('info', `${params.participant.name} joined`);
    if (name === 'participantLeft') this.#notices.add('info', `${nameOf(before, params.participant)} left`);
    if (name === 'recordingStarted')
      this.#notices.add('info', `${nameOf(after, params.recording.startedBy)} started a recording`);
    if (name === 'recordingStopped') this.#notices.add('info', 'The recording was stopped');
    if (name === 'recordingFailed') this.#notices.add('problem', notRecorded(before, params));
  }

  #ownStreamLost({ stream: id, reason }: NotificationParams<'streamStopped'>): void {
    this.#own(id)?.lost(causeOfEnd(reason));
  }

  #mediaServerChanged(available: boolean): void {
    if (available) this.#beginLegs();
    else this.#closeLegs();
  }

  #beginLegs(): void {
    for (const id of this.#room?.streams.keys() ?? []) this.#watch(id);
    this.#renewCamera();
    if (this.#screenMedia) this.#renewScreen();
  }

  /** Keeps what runs here and at the server; what runs at one side only is ended there, and all the rest begun. */
  #resumeLegs({ legs, streams }: RequestResult<'join'>): void {
    if (!this.#mediaServerAvailable) return this.#closeLegs();
    const running = new Set(legs.map(legKey));
    for (const id of [...this.#watched.keys()]) if (!this.#room?.streams.has(id)) this.#unwatch(id);
    for (const id of this.#room?.streams.keys() ?? []) {
      const watched = this.#watched.get(id);
      const kept = watched?.state.phase === 'live' && running.has(legKey({ kind: 'down', stream: id }));
      if (kept) watched.resumed();
      else this.#watch(id);
    }
    for (const leg of legs)
      if (leg.kind === 'up' && !this.#own(leg.stream)) this.#tell('stopBroadcast', { stream: leg.stream });
    const isKept = (own: OwnStream | undefined, media: MediaStream | undefined) => {
      const runs = own?.id !== undefined && running.has(legKey({ kind: 'up', stream: own.id }));
      if (!runs) own?.forget();
      return runs && own.state.phase === 'live' && sameTracks(own.media, media);
    };
    if (!isKept(this.#camera, this.#preview)) this.#renewCamera();
    else {
      const stream = streams.find(({ id }) => id === this.#camera?.id);
      const muted = this.#isMuted();
      if (stream && stream.muted !== muted) this.#tell('setMuted', { stream: stream.id, muted });
    }
    if (!isKept(this.#screen, this.#screenMedia) && (this.#screen ?? this.#screenMedia)) this.#renewScreen();
  }

  #own(id: StreamId): OwnStream | undefined {
    return [this.#camera, this.#screen].find((own) => own?.id === id);
  }

  /** What was being negotiated cannot be any more; what is connected may last longer than the loss. */
  #closeUnfinishedLegs(): void {
    for (const [id, { state }] of [...this.#watched]) if (state.phase !== 'live') this.#unwatch(id);
    if (this.#camera?.state.phase !== 'live') {
      this.#camera?.close();
      this.#camera = undefined;
    }
    if (this.#screen?.state.phase !== 'live') {
      this.#screen?.close();
      this.#screen = undefined;
    }
  }

  #requestInRoom<Name extends RequestName>(
    name: Name,
    params: RequestParams<Name>,
    deadlineMs?: number,
  ): Promise<RequestResult<Name>> {
    if (!this.#signalling || this.#phase !== 'joined')
      return Promise.reject(NoAnswerError.closed(name, 'connection-lost'));
    return this.#signalling.request(name, params, deadlineMs);
  }

  /** Says what nobody waits for. */
  #tell<Name extends RequestName>(name: Name, params: RequestParams<Name>): void {
    this.#wire.request(name, params).catch((error: unknown) => {
      console.debug(`${name} was not accepted`, error);
    });
  }

  #remoteCandidate(leg: Leg, candidate: Candidate): void {
    // For a leg that was closed a moment ago there is nothing left to do.
    if (leg.kind === 'down') this.#watched.get(leg.stream)?.addRemoteCandidate(candidate);
    if (leg.kind === 'up') this.#own(leg.stream)?.addRemoteCandidate(candidate);
  }

  #watch(id: StreamId): void {
    const stream = this.#room?.streams.get(id);
    if (!stream || !this.#signalling) return;
    this.#unwatch(id);
    const watched = new WatchedStream({
      ...this.#legParts(),
      stream: stream.description,
      iceServers: stream.iceServers,
      // Not told yet: then it is believed.
      senderSends: () => (this.#room?.ledgers.get(id)?.up.state ?? 'confirmed') === 'confirmed',
      report: (status) => this.#report({ kind: 'down', stream: id }, status),
    });
    watched.setSoundBlocked(this.#soundBlocked);
    this.#watched.set(id, watched);
    watched.start();
  }

  #unwatch(id: StreamId): void {
    this.#watched.get(id)?.close();
    this.#watched.delete(id);
  }

  #closeLegs(): void {
    for (const id of [...this.#watched.keys()]) this.#unwatch(id);
    this.#camera?.close();
    this.#screen?.close();
    this.#camera = undefined;
    this.#screen = undefined;
  }

  #devicesChanged(): void {
    const media = this.#currentMedia();
    if (!sameTracks(media, this.#preview)) {
      this.#preview = media;
      if (this.#phase === 'joined') this.#renewCamera();
    }
    this.#camera?.setMuted(this.#isMuted());
    this.#tellFailures();
    this.#publish();
  }

  /** Those of before the call were told in the lobby. */
  #tellFailures(): void {
    const former = this.#failures;
    this.#failures = this.#currentFailures();
    for (const kind of ['microphone', 'camera'] as const) {
      const failure = this.#failures[kind];
      if (failure && failure !== former[kind]) this.#notices.add('problem', failure.message);
    }
  }

  /** Ends the present stream of camera and microphone and, when there is anything to send, begins a new one. */
  #renewCamera(): void {
    this.#runStep(async () => {
      this.#dropOwn(this.#camera);
      this.#camera = this.#preview && this.#newStream('camera', this.#preview);
      this.#camera?.start();
      this.#publish();
    });
  }

  #renewScreen(): void {
    this.#runStep(async () => {
      this.#dropOwn(this.#screen);
      this.#screen = this.#screenMedia && this.#newStream('screen', this.#screenMedia);
      this.#screen?.start();
      this.#publish();
    });
  }

  #dropOwn(stream: OwnStream | undefined): void {
    if (this.#room && stream?.id) this.#room = withoutLedgers(this.#room, [stream.id]);
    stream?.close();
  }

  #report(leg: RequestParams<'reportLeg'>['leg'], status: LegStatus): void {
    this.#tell('reportLeg', { leg, status });
  }

  #runStep(step: () => Promise<void>): void {
    this.#steps.run(step).catch((error: unknown) => {
      if (!(error instanceof QueueClosedError)) console.error('a step of the negotiation failed', error);
    });
  }

  #newStream(kind: 'camera' | 'screen', media: MediaStream): OwnStream | undefined {
    if (!this.#signalling) return undefined;
    const muted = kind === 'camera' && this.#isMuted();
    return new OwnStream({
      ...this.#legParts(),
      kind,
      media,
      muted,
      steps: this.#steps,
      report: (stream, status) => this.#report({ kind: 'up', stream }, status),
    });
  }

  #legParts() {
    return {
      signalling: this.#wire,
      createPeerConnection: this.#options.createPeerConnection,
      sendCandidate: (leg: Leg, candidate: Candidate) => {
        this.#wire.request('addCandidate', { leg, candidate }).catch((error: unknown) => {
          if (this.#signalling) console.warn('a candidate was not accepted', error);
        });
      },
      onChange: () => this.#publish(),
    };
  }

  async #ask(request: (signalling: SignallingLike) => Promise<unknown>): Promise<void> {
    if (!this.#signalling) return;
    try {
      await request(this.#signalling);
    } catch (error) {
      this.#notices.add('problem', sentenceFor(error));
    }
  }

  #currentMedia(): MediaStream | undefined {
    const { camera, microphone } = this.#options.devices.snapshot();
    const tracks = [microphone.track, camera.track].filter((track) => track !== undefined);
    return tracks.length > 0 ? new MediaStream(tracks) : undefined;
  }

  /** What this participant sends or would like to send. */
  #sources(): OwnSource[] {
    const devices = this.#options.devices.snapshot();
    const failures = (['camera', 'microphone'] as const).flatMap((device) => {
      const { failure, wanted } = devices[device];
      return failure && wanted ? [{ device, cause: failure.failure }] : [];
    });
    const camera = { kind: 'camera' as const, stream: this.#camera?.id, failures, ...kindsOf(this.#preview) };
    if (!this.#screenMedia) return [camera];
    const shared = { failures: [], ...kindsOf(this.#screenMedia) };
    return [camera, { kind: 'screen', stream: this.#screen?.id, ...shared }];
  }

  #currentFailures() {
    const { camera, microphone } = this.#options.devices.snapshot();
    return { camera: camera.failure, microphone: microphone.failure };
  }

  #isMuted(): boolean {
    const { microphone } = this.#options.devices.snapshot();
    return !microphone.track || !microphone.wanted;
  }

  #publish(): void {
    this.#store.set(this.#view());
  }

  #view(): RoomSnapshot {
    const devices = this.#options.devices.snapshot();
    const room = this.#room;
    const recording = room?.recording ?? undefined;
    return {
      phase: this.#phase,
      refusal: this.#refusal,
      tiles: tilesOf({
        room,
        name: this.#options.name,
        connected: this.#phase === 'joined',
        preview: this.#preview,
        muted: this.#isMuted(),
        cameraFailure: devices.camera.failure?.failure,
        camera: this.#camera,
        screen: this.#screen,
        watched: this.#watched,
      }),
      participants: (room?.others.length ?? 0) + 1,
      microphone: switchState(devices.microphone),
      camera: switchState(devices.camera),
      screen: this.#screenMedia ? 'on' : this.#choosingScreen ? 'starting' : 'off',
      recording: room && recording && { ...recording, startedByName: nameOf(room, recording.startedBy) },
      mediaServerAvailable: room?.mediaServerAvailable ?? true,
      whoSees: whoSees(room, this.#sources()),
      notices: this.#notices.all,
    };
  }
}
