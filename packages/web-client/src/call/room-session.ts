// One participant's presence in one room, from joining to leaving: the heart of the page, without a view. Follows the
// server's notifications, and comes back by itself when the server was gone. Its legs: `own-streams`, `watched-streams`.
import type {
  Candidate,
  IceServer,
  Leg,
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
import type { LocalDevices } from './local-devices.ts';
import { CredentialRenewal } from './credential-renewal.ts';
import type { NetworkNews } from './network-watch.ts';
import { NoticeBoard } from './notice-board.ts';
import { OwnStreams } from './own-streams.ts';
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
import { tilesOf, type RoomPhase, type RoomSnapshot } from './room-view.ts';
import type { CloseReason, Notification, OpenSignalling, SignallingLike } from './signalling.ts';
import { Store } from './store.ts';
import { TraceReporter } from './trace-reporter.ts';
import { WatchedStreams } from './watched-streams.ts';
import { whoSees } from './who-sees.ts';

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
  /** Begins to watch the device's network; without it nobody tells of a change. */
  watchNetwork?(onNews: (news: NetworkNews) => void): { close(): void };
  /** Lets the person choose a screen. @throws DeviceError */
  openScreen(): Promise<MediaStream>;
}

/**
 * Pauses before trying to reach the server again, in ms; the last one is repeated for as long as it takes. A server that is
 * started anew is there within some seconds: for twenty of them nobody waits for longer than two.
 */
const RECONNECT_PAUSES_MS: readonly number[] = [500, 1_000, ...Array<number>(10).fill(2_000), 4_000, 8_000];

const TAKEN_OVER = 'You are in this room on another page now. Join again to come back to this one.';

const ENDED_MEANWHILE = 'The recording has ended while the server could not be reached.';

/** How long leaving waits for the server, in ms: closing the connection says the same in the end. */
const LEAVE_DEADLINE_MS = 1_000;

/** After a change of network: long enough for a slow one, and for the ping to be sent again, in ms. */
const PING_DEADLINE_MS = 2_500;

export class RoomSession {
  readonly #options: RoomSessionOptions;
  readonly #notices = new NoticeBoard(() => this.#publish());
  readonly #store: Store<RoomSnapshot>;
  readonly #own: OwnStreams;
  readonly #watched: WatchedStreams;
  #phase: RoomPhase = 'joining';
  #refusal: RoomSnapshot['refusal'];
  #signalling: SignallingLike | undefined;
  /** For legs, which outlive a connection to the server: whichever there is once the room is entered. */
  readonly #wire: SignallingLike = {
    request: (name, params, deadlineMs) => this.#requestInRoom(name, params, deadlineMs),
    close: () => undefined,
  };
  readonly #traces = new TraceReporter((leg, events) => this.#wire.request('reportTrace', { leg, events }));
  readonly #renewal = new CredentialRenewal({
    request: () => this.#wire.request('renewIceServers', {}),
    onRenewed: (iceServers) => this.#renewIceServers(iceServers),
    now: () => Date.now(),
  });
  readonly #network: { close(): void } | undefined;
  #resume: Resume | undefined;
  #room: RoomState | undefined;
  /** Told before the answer to `join`, and not in it: that answer was lost and came again. */
  #early: Notification[] = [];
  /** By the present connection; told before the answer to `join`, and not in it. */
  #mediaServerAvailable = true;
  #reconnects = 0;
  /** The network has changed: the next try to reach the server is not waited for. */
  #hurried = false;
  #joining = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RoomSessionOptions) {
    this.#options = options;
    this.#resume = options.resume;
    const parts = this.#legParts();
    this.#watched = new WatchedStreams({
      ...parts,
      streams: () => this.#room?.streams ?? new Map(),
      // Not told yet: then it is believed.
      senderSends: (stream) => (this.#room?.ledgers.get(stream)?.up.state ?? 'confirmed') === 'confirmed',
      report: (stream, status) => this.#report({ kind: 'down', stream }, status),
    });
    this.#own = new OwnStreams({
      ...parts,
      devices: options.devices,
      openScreen: () => options.openScreen(),
      joined: () => this.#phase === 'joined',
      problem: (text) => this.#notices.add('problem', text),
      onDropped: (stream) => {
        if (this.#room) this.#room = withoutLedgers(this.#room, [stream]);
      },
      report: (stream, status) => this.#report({ kind: 'up', stream }, status),
    });
    this.#store = new Store(this.#view());
    this.#network = options.watchNetwork?.((news) => this.#networkNews(news));
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
    this.#early = [];
    try {
      const signalling = await this.#options.openSignalling({
        notification: (notification) => this.#notified(notification),
        closed: (reason) => this.#lost(reason),
        resent: (name, params, attempt) => this.#resent(name, params, attempt),
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
    if (!this.#room || this.#own.screenSwitch !== 'off') return;
    const shared = sharedScreen(this.#room);
    if (!shared) return this.#own.shareScreen();
    const name = nameOf(this.#room, shared.participant);
    this.#notices.add('problem', `${name} is sharing a screen. Ask ${name} to stop first.`);
  }

  stopSharing(): void {
    this.#own.stopSharing();
  }

  async startRecording(): Promise<void> {
    await this.#ask((signalling) => signalling.request('startRecording', {}));
  }

  async stopRecording(): Promise<void> {
    await this.#ask((signalling) => signalling.request('stopRecording', {}));
  }

  /** Begins a new row of tries for a tile's stream that was given up. */
  retry(tile: string): void {
    if (tile === 'own-camera') this.#own.camera?.start();
    else if (tile === 'own-screen') this.#own.screen?.start();
    else {
      const stream = this.snapshot().tiles.find(({ key }) => key === tile)?.stream;
      if (stream) this.#watched.watch(stream);
    }
  }

  /** The browser holds the others' sound back until the person presses something, or no longer. */
  setSoundBlocked(blocked: boolean): void {
    this.#watched.setSoundBlocked(blocked);
  }

  dismiss(notice: number): void {
    this.#notices.remove(notice);
  }

  dismissAll(): void {
    this.#notices.removeAll();
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
    this.#own.end();
    const signalling = this.#signalling;
    this.#signalling = undefined;
    void this.#sayGoodbye(how, signalling);
    this.#traces.close();
    this.#renewal.close();
    this.#network?.close();
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
    this.#hurried = false;
    this.#renewal.use(result.iceServers);
    this.#resume = { participant: result.self.id, secret: result.secret };
    this.#options.onResume?.(this.#resume);
    this.#phase = 'joined';
    const early = this.#early.splice(0);
    const ledgers = early.flatMap(({ name, params }) => (name === 'ledger' ? [params] : []));
    const state = joinedState(result, ledgers);
    const former = this.#room?.recording;
    this.#room = { ...state, mediaServerAvailable: this.#mediaServerAvailable };
    const { recording } = this.#room;
    if (recording && recording.id !== former?.id)
      this.#notices.add('info', `${nameOf(this.#room, recording.startedBy)} is recording this room`);
    if (former && !recording) this.#notices.add('problem', ENDED_MEANWHILE);
    this.#joining = false;
    // Legs that outlived the loss have those of before, which end sooner than the next renewal comes.
    this.#renewIceServers(result.iceServers);
    this.#resumeLegs(result);
    for (const notification of early) this.#notified(notification);
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
    // Who receives what is evidence of a moment: without the server nobody knows it any more.
    if (this.#room) this.#room = withoutLedgers(this.#room, [...this.#room.ledgers.keys()]);
    this.#watched.closeUnfinished();
    this.#own.closeUnfinished();
    this.#tryLater();
  }

  #tryLater(): void {
    this.#phase = 'reconnecting';
    // A join that ran into its deadline is told twice: by the request and by the connection.
    if (this.#timer !== undefined) return;
    const next = RECONNECT_PAUSES_MS[Math.min(this.#reconnects++, RECONNECT_PAUSES_MS.length - 1)];
    const pause = this.#hurried ? 0 : next;
    this.#hurried = false;
    this.#timer = setTimeout(() => void this.join(), pause);
    this.#publish();
  }

  /** Waits for no timeout: the server is asked whether it is there, and what broke with the network is mended. */
  #networkNews(news: NetworkNews): void {
    if (this.#isOver()) return;
    if (this.#timer !== undefined) {
      void this.join();
      return;
    }
    if (news !== 'shown') {
      this.#own.hurry();
      this.#watched.hurry();
    }
    if (this.#phase !== 'joined') return;
    this.#hurried = true;
    this.#signalling
      ?.request('ping', {}, PING_DEADLINE_MS)
      .then(() => (this.#hurried = false))
      .catch((error: unknown) => console.debug('the connection to the server did not last', error));
  }

  /** For the trace: a message of a leg that got no answer in time. */
  #resent(name: RequestName, params: unknown, attempt: number): void {
    const leg = legOf(name, params);
    if (leg) this.#traces.trace(leg, { kind: 'retry', name, facts: { attempt } });
  }

  #renewIceServers(iceServers: readonly IceServer[]): void {
    Promise.all([this.#own.renewIceServers(iceServers), this.#watched.renewIceServers(iceServers)]).catch(
      (error: unknown) => {
        // Each leg keeps what it had, and is mended by the ladder should that end.
        console.warn('new credentials for the relay could not be used', error);
      },
    );
  }

  #notified(notification: Notification): void {
    const before = this.#room;
    const { name, params } = notification;
    if (name === 'mediaServer') this.#mediaServerAvailable = params.available;
    // The server holds back what happens after `join` until it has answered.
    if (this.#joining && name !== 'mediaServer') return void this.#early.push(notification);
    if (this.#phase !== 'joined' || !before) return;
    if (name === 'candidate') return this.#remoteCandidate(params.leg, params.candidate);
    if (name === 'keyFrameWanted') return this.#own.byId(params.stream)?.makeKeyFrame();
    const after = roomStateAfter(before, notification);
    this.#room = after;
    this.#announce(notification, before, after);
    this.#watched.follow(before.streams.keys());
    if (name === 'ledger') this.#own.byId(params.stream)?.serverSees(params.up);
    if (name === 'streamStopped') this.#ownStreamLost(params);
    if (name === 'mediaServer') this.#mediaServerChanged(params.available);
    this.#publish();
  }

  #announce({ name, params }: Notification, before: RoomState, after: RoomState): void {
    if (name === 'participantJoined') this.#notices.add('info', `${params.participant.name} joined`);
    if (name === 'participantLeft') this.#notices.add('info', `${nameOf(before, params.participant)} left`);
    if (name === 'recordingStarted')
      this.#notices.add('info', `${nameOf(after, params.recording.startedBy)} started a recording`);
    if (name === 'recordingStopped' && params.lost)
      this.#notices.add(
        'problem',
        'The recording has ended, because the media server was lost. Start it again.',
      );
    else if (name === 'recordingStopped') this.#notices.add('info', 'The recording was stopped');
    if (name === 'recordingDeleted')
      this.#notices.add('info', 'A recording of this room was deleted by its owner');
    if (name === 'recordingFailed') this.#notices.add('problem', notRecorded(before, params));
  }

  #ownStreamLost({ stream: id, reason }: NotificationParams<'streamStopped'>): void {
    this.#own.byId(id)?.lost(causeOfEnd(reason));
  }

  #mediaServerChanged(available: boolean): void {
    if (!available) return this.#closeLegs();
    this.#watched.begin();
    this.#own.begin();
  }

  /** Keeps what runs here and at the server; what runs at one side only is ended there, and all the rest begun. */
  #resumeLegs({ legs, streams }: RequestResult<'join'>): void {
    if (!this.#mediaServerAvailable) return this.#closeLegs();
    this.#watched.resume(legs);
    this.#own.resume(legs, streams);
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
    if (leg.kind === 'down') this.#watched.addRemoteCandidate(leg.stream, candidate);
    if (leg.kind === 'up') this.#own.addRemoteCandidate(leg.stream, candidate);
  }

  #closeLegs(): void {
    this.#watched.close();
    this.#own.close();
  }

  #report(leg: RequestParams<'reportLeg'>['leg'], status: LegStatus): void {
    this.#tell('reportLeg', { leg, status });
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
      connected: () => this.#signalling !== undefined,
      onTrace: this.#traces.trace,
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

  #publish(): void {
    this.#store.set(this.#view());
  }

  #view(): RoomSnapshot {
    const room = this.#room;
    const own = this.#own;
    const recording = room?.recording ?? undefined;
    return {
      phase: this.#phase,
      refusal: this.#refusal,
      tiles: tilesOf({
        room,
        name: this.#options.name,
        connected: this.#phase === 'joined',
        preview: own.preview,
        muted: own.muted,
        cameraFailure: own.cameraFailure,
        camera: own.camera,
        screen: own.screen,
        watched: this.#watched.all,
      }),
      participants: (room?.others.length ?? 0) + 1,
      microphone: own.microphoneSwitch,
      camera: own.cameraSwitch,
      screen: own.screenSwitch,
      recording: room &&
        recording && {
          ...recording,
          startedByName: nameOf(room, recording.startedBy),
          known: this.#phase === 'joined',
        },
      mediaServerAvailable: room?.mediaServerAvailable ?? true,
      whoSees: whoSees(room, own.sources()),
      notices: this.#notices.all,
    };
  }
}

/** The leg that a request speaks of, if it speaks of one. */
function legOf(name: RequestName, params: unknown): Leg | undefined {
  const { leg, stream } = params as { leg?: Leg; stream?: StreamId };
  if (leg) return leg;
  if (name === 'watch' && stream) return { kind: 'down', stream };
  return name === 'startBroadcast' && stream ? { kind: 'up', stream } : undefined;
}
