// Fakes of the browser and of the server for the tests in this folder. Not part of the page.
import type { Candidate, Leg, RequestName, RequestParams, RequestResult } from '@parley/protocol';
import { NoAnswerError, ParticipantId, RecordingId, RoomId, StreamId } from '@parley/protocol';
import { vi } from 'vitest';
import { DeviceError, type DeviceFailureReason } from './devices.ts';
import type { DevicesSnapshot, LocalDevices } from './local-devices.ts';
import type { SignallingEvents, SignallingLike } from './signalling.ts';
import { Store } from './store.ts';

export const ROOM = RoomId.parse('room-0123456789abcdef');
export const participantId = (name: string) => ParticipantId.parse(`participant-${name}`);
export const recordingId = (name: string) => RecordingId.parse(`recording-${name}`);
export const streamId = (name: string) => StreamId.parse(`stream-${name}`);

export const candidate = (port: number): Candidate => ({
  candidate: `candidate:1 1 udp 2130706431 192.0.2.1 ${port} typ host`,
  sdpMid: '0',
  sdpMLineIndex: 0,
});

export class FakeTrack extends EventTarget {
  readonly kind: 'audio' | 'video';
  enabled = true;
  stopped = false;
  contentHint = '';

  constructor(kind: 'audio' | 'video') {
    super();
    this.kind = kind;
  }

  stop(): void {
    this.stopped = true;
  }

  asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

export class FakeMediaStream {
  readonly #tracks: FakeTrack[];

  constructor(tracks: FakeTrack[] = []) {
    this.#tracks = [...tracks];
  }

  addTrack(track: FakeTrack): void {
    this.#tracks.push(track);
  }

  getTracks(): FakeTrack[] {
    return [...this.#tracks];
  }

  getAudioTracks(): FakeTrack[] {
    return this.#tracks.filter(({ kind }) => kind === 'audio');
  }

  getVideoTracks(): FakeTrack[] {
    return this.#tracks.filter(({ kind }) => kind === 'video');
  }
}

/** A peer connection that keeps a log, and connects or fails when the test says so. */
export class FakePeerConnection extends EventTarget {
  readonly log: string[] = [];
  configuration: RTCConfiguration;
  connectionState: RTCPeerConnectionState = 'new';
  localDescription: { sdp: string } | null = null;
  iceConnectionState: RTCIceConnectionState = 'new';
  readonly iceGatheringState: RTCIceGatheringState = 'new';
  /** Which kind of local candidate carries it. */
  localType: RTCIceCandidateType = 'host';
  /** Whether packets come, and become frames and samples, between one look at the statistics and the next. */
  receives = { packets: false, frames: false };
  /** Whether packets leave between one look and the next. */
  sends = false;
  #looks = 0;

  constructor(configuration: RTCConfiguration = {}) {
    super();
    this.configuration = configuration;
  }

  addTransceiver(trackOrKind: FakeTrack | 'audio' | 'video', { direction }: { direction: string }) {
    const kind = typeof trackOrKind === 'string' ? trackOrKind : trackOrKind.kind;
    this.log.push(`${direction} ${kind}`);
    const sender = { getParameters: () => ({}), setParameters: async () => undefined };
    return { sender, receiver: { track: new FakeTrack(kind) } };
  }

  getSenders(): RTCRtpSender[] {
    return [];
  }

  getReceivers(): RTCRtpReceiver[] {
    return [];
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }

  async createOffer({ iceRestart = false }: RTCOfferOptions = {}) {
    if (iceRestart) this.log.push(`restart ${this.configuration.iceTransportPolicy}`);
    return { type: 'offer', sdp: iceRestart ? 'restart offer' : 'offer' };
  }

  async setLocalDescription({ sdp }: { sdp: string }): Promise<void> {
    this.localDescription = { sdp };
  }

  async setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.log.push(`answer ${sdp}`);
  }

  async addIceCandidate({ candidate }: Candidate): Promise<void> {
    this.log.push(`remote ${portOf(candidate)}`);
  }

  async getStats(): Promise<Map<string, unknown>> {
    const { packets, frames } = this.receives;
    this.#looks++;
    const counts = {
      type: 'inbound-rtp',
      packetsReceived: packets ? this.#looks : 0,
      framesDecoded: frames ? this.#looks : 0,
      jitterBufferEmittedCount: frames ? this.#looks : 0,
    };
    const inbound = ['audio', 'video'].map((kind) => [kind, { ...counts, kind }] as const);
    return new Map<string, unknown>([
      ...inbound,
      ['sent', { type: 'outbound-rtp', packetsSent: this.sends ? this.#looks : 0 }],
      ['transport', { id: 'transport', type: 'transport', selectedCandidatePairId: 'pair' }],
      ['pair', { id: 'pair', type: 'candidate-pair', localCandidateId: 'local', currentRoundTripTime: 0.02 }],
      ['local', { id: 'local', type: 'local-candidate', candidateType: this.localType, protocol: 'udp' }],
    ]);
  }

  close(): void {
    this.log.push('close');
    this.connectionState = 'closed';
  }

  get closed(): boolean {
    return this.connectionState === 'closed';
  }

  /** The browser found an address of its own; null: no more. */
  gather(found: Candidate | null): void {
    this.dispatchEvent(Object.assign(new Event('icecandidate'), { candidate: found }));
  }

  iceBecomes(state: RTCIceConnectionState): void {
    this.iceConnectionState = state;
    this.dispatchEvent(new Event('iceconnectionstatechange'));
  }

  /** The relay said no, or nothing (701). */
  gatheringFails(errorCode: number, errorText: string): void {
    const url = 'turn:relay.example:3478';
    this.dispatchEvent(Object.assign(new Event('icecandidateerror'), { errorCode, errorText, url }));
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }
}

export function portOf(line: string): string {
  return line.split(' ')[5] ?? line;
}

/** Makes fake peer connections and keeps them in the order of their making. */
export class FakeBrowser {
  readonly connections: FakePeerConnection[] = [];

  readonly createPeerConnection = (configuration: RTCConfiguration): RTCPeerConnection => {
    const connection = new FakePeerConnection(configuration);
    this.connections.push(connection);
    return connection as unknown as RTCPeerConnection;
  };

  get latest(): FakePeerConnection {
    const latest = this.connections.at(-1);
    if (!latest) throw new Error('no peer connection was made');
    return latest;
  }
}

type Answers = { [Name in RequestName]?: (params: RequestParams<Name>) => unknown };

/** A server's side of the conversation: answers by table, keeps every request, and can vanish. */
export class FakeServer implements SignallingLike {
  readonly requests: { name: RequestName; params: unknown }[] = [];
  readonly answers: Answers;
  events: SignallingEvents | undefined;
  opened = 0;
  reachable = true;
  #streams = 0;

  constructor(answers: Answers = {}) {
    this.answers = {
      join: () => ({
        self: { id: participantId('me'), name: 'Me' },
        participants: [],
        streams: [],
        iceServers: [],
        recording: null,
        secret: 'secret',
        legs: [],
      }),
      requestBroadcast: (wish) => ({
        stream: { id: streamId(`own-${++this.#streams}`), participant: participantId('me'), ...wish },
        iceServers: [],
      }),
      startBroadcast: () => ({ sdpAnswer: 'answer' }),
      watch: () => ({ sdpAnswer: 'answer' }),
      restartIce: () => ({ sdpAnswer: 'restart answer' }),
      ...answers,
    };
  }

  readonly open = async (events: SignallingEvents): Promise<SignallingLike> => {
    this.opened++;
    if (!this.reachable) throw new Error('refused');
    this.events = events;
    return this;
  };

  async request<Name extends RequestName>(
    name: Name,
    params: RequestParams<Name>,
  ): Promise<RequestResult<Name>> {
    if (!this.events) throw NoAnswerError.closed(name, 'closed-here');
    this.requests.push({ name, params });
    const answer = this.answers[name] as ((params: unknown) => unknown) | undefined;
    return ((await answer?.(params)) ?? {}) as RequestResult<Name>;
  }

  close(): void {
    this.events = undefined;
  }

  /** The requests that were made, without candidates and reports, as `name` or `name stream`. */
  said(): string[] {
    return this.requests
      .filter(({ name }) => !['addCandidate', 'reportLeg', 'reportTrace'].includes(name))
      .map(({ name, params }) => [name, (params as { stream?: string }).stream].filter(Boolean).join(' '));
  }

  /** What the page reported of its legs, as `leg state step` or `leg state cause`. */
  reports(): string[] {
    return this.requests
      .filter(({ name }) => name === 'reportLeg')
      .map(({ params }) => params as RequestParams<'reportLeg'>)
      .map(({ leg, status: { state, step, cause } }) => `${leg.kind} ${state} ${cause ?? step}`);
  }

  /** The candidates of the page, as `leg port`. */
  candidates(): string[] {
    return this.requests
      .filter(({ name }) => name === 'addCandidate')
      .map(({ params }) => params as { leg: Leg; candidate: Candidate })
      .map(({ leg, candidate: { candidate: line } }) => `${leg.kind} ${portOf(line)}`);
  }

  vanish(): void {
    const { events } = this;
    this.events = undefined;
    events?.closed('connection-lost');
  }
}

/** Devices that a test opens and closes by hand. */
export class FakeDevices {
  readonly #store: Store<DevicesSnapshot>;

  constructor(open: { camera: boolean; microphone: boolean }) {
    const state = (kind: 'audio' | 'video', there: boolean) => ({
      wanted: there,
      opening: false,
      track: there ? new FakeTrack(kind).asTrack() : undefined,
      failure: undefined,
      chosen: '',
      choices: [],
    });
    this.#store = new Store<DevicesSnapshot>({
      camera: state('video', open.camera),
      microphone: state('audio', open.microphone),
    });
  }

  readonly subscribe = (listener: () => void) => this.#store.subscribe(listener);
  readonly snapshot = () => this.#store.snapshot();

  async setWanted(kind: 'camera' | 'microphone', wanted: boolean): Promise<void> {
    this.#store.update((state) => {
      const { track } = state[kind];
      const next =
        kind === 'microphone' ? track : wanted ? (track ?? new FakeTrack('video').asTrack()) : undefined;
      return { ...state, [kind]: { ...state[kind], wanted, track: next } };
    });
  }

  unplug(kind: 'camera' | 'microphone'): void {
    this.#fail(kind, 'unplugged');
  }

  refuse(kind: 'camera' | 'microphone', reason: DeviceFailureReason = 'permission-denied'): void {
    this.#fail(kind, reason);
  }

  #fail(kind: 'camera' | 'microphone', reason: DeviceFailureReason): void {
    const failure = new DeviceError(kind, reason);
    this.#store.update((state) => ({ ...state, [kind]: { ...state[kind], track: undefined, failure } }));
  }

  asDevices(): LocalDevices {
    return this as unknown as LocalDevices;
  }
}

/** Lets everything that waits for settled promises happen; with fake timers, without moving the clock. */
export async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}
