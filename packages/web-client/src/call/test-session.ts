// The test of camera and microphone before joining (flows 1 and 2): record on the media server, then play it back.
// Has a conversation of its own with the server; enters no room.
import {
  NoAnswerError,
  TEST_RECORD_SECONDS,
  type Candidate,
  type IceServer,
  type Leg,
} from '@parley/protocol';
import { sentencesOf } from './causes.ts';
import { addReceivers } from './down-leg.ts';
import { PeerLeg, type PeerLegOptions } from './peer-leg.ts';
import { sentenceFor } from './refusals.ts';
import type { Notification, OpenSignalling, SignallingLike } from './signalling.ts';
import { Store } from './store.ts';
import { TraceReporter } from './trace-reporter.ts';
import { addSendingTracks } from './up-leg.ts';

export type TestPhase =
  'idle' | 'preparing' | 'recording' | 'saving' | 'recorded' | 'loading' | 'playing' | 'played' | 'failed';

export interface TestSnapshot {
  phase: TestPhase;
  /** While recording: whole seconds that are left, by the server's ticks. */
  secondsLeft: number;
  /** Whether there is something to play back. */
  recorded: boolean;
  /** How much was recorded, in seconds. */
  seconds: number;
  /** What plays back, while it does. */
  playback: MediaStream | undefined;
  /** Of a failed test: a sentence for a person. */
  failure: string | undefined;
}

const IDLE: TestSnapshot = {
  phase: 'idle',
  secondsLeft: TEST_RECORD_SECONDS,
  recorded: false,
  seconds: 0,
  playback: undefined,
  failure: undefined,
};

export interface TestSessionOptions extends Pick<PeerLegOptions, 'createPeerConnection'> {
  openSignalling: OpenSignalling;
}

export class TestSession {
  readonly #options: TestSessionOptions;
  readonly #store = new Store(IDLE);
  #signalling: SignallingLike | undefined;
  /** Whichever conversation there is. */
  readonly #wire: Pick<SignallingLike, 'request'> = {
    request: (...request) =>
      this.#signalling?.request(...request) ??
      Promise.reject(NoAnswerError.closed(request[0], 'connection-lost')),
  };
  readonly #traces = new TraceReporter((leg, events) => this.#wire.request('reportTrace', { leg, events }));
  #iceServers: readonly IceServer[] = [];
  #leg: PeerLeg | undefined;
  #limit: number = TEST_RECORD_SECONDS;
  #closed = false;

  constructor(options: TestSessionOptions) {
    this.#options = options;
  }

  readonly subscribe = (listener: () => void) => this.#store.subscribe(listener);
  readonly snapshot = () => this.#store.snapshot();

  /** Flow 1. The tracks stay the caller's. Failures end in the snapshot. */
  async record(media: MediaStream): Promise<void> {
    this.#dropLeg();
    this.#set({ ...IDLE, phase: 'preparing' });
    await this.#attempt(async (signalling) => {
      const leg = this.#makeLeg({ kind: 'testRecord' });
      addSendingTracks(leg.connection, media, 'camera');
      const audio = media.getAudioTracks().length > 0;
      const video = media.getVideoTracks().length > 0;
      await leg.negotiate(async (sdpOffer) => {
        const answer = await signalling.request('startTestRecord', { sdpOffer, audio, video });
        this.#limit = answer.seconds;
        return answer.sdpAnswer;
      });
    });
  }

  /** Flow 2. Failures end in the snapshot. */
  async playBack(): Promise<void> {
    this.#dropLeg();
    const { seconds } = this.snapshot();
    this.#set({ phase: 'loading', failure: undefined });
    await this.#attempt(async (signalling) => {
      const leg = this.#makeLeg({ kind: 'testPlayback' });
      const playback = addReceivers(leg.connection, { audio: true, video: true });
      this.#set({ playback, seconds });
      await leg.negotiate(
        async (sdpOffer) => (await signalling.request('startTestPlayback', { sdpOffer })).sdpAnswer,
      );
    });
  }

  /** Ends the test here and at the server; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#traces.close();
    this.#dropLeg();
    this.#signalling?.close();
    this.#signalling = undefined;
  }

  async #attempt(step: (signalling: SignallingLike) => Promise<void>): Promise<void> {
    try {
      const signalling = await this.#connected();
      if (!this.#closed) await step(signalling);
    } catch (error) {
      console.warn('the test failed', error);
      this.#fail(sentenceFor(error));
    }
  }

  async #connected(): Promise<SignallingLike> {
    this.#signalling ??= await this.#options.openSignalling({
      notification: (notification) => this.#notified(notification),
      closed: () => {
        this.#signalling = undefined;
        // The server forgets the recording with the conversation.
        this.#set({ recorded: false });
        this.#fail('The connection to the server was lost. Check your network, then try the test again.');
      },
    });
    if (this.#closed) this.#signalling.close();
    const { iceServers } = await this.#signalling.request('requestTest', {});
    this.#iceServers = iceServers;
    return this.#signalling;
  }

  #makeLeg(leg: Leg): PeerLeg {
    this.#leg = new PeerLeg({
      leg,
      iceServers: this.#iceServers,
      createPeerConnection: this.#options.createPeerConnection,
      signalling: this.#wire,
      sendCandidate: (of, candidate) => this.#sendCandidate(of, candidate),
      onTrace: this.#traces.trace,
      onState: (news) => {
        if (news.state === 'failed') this.#fail(sentencesOf(news.cause));
        else if (news.state === 'connected' && leg.kind === 'testPlayback') this.#set({ phase: 'playing' });
      },
    });
    return this.#leg;
  }

  #sendCandidate(leg: Leg, candidate: Candidate): void {
    this.#signalling?.request('addCandidate', { leg, candidate }).catch((error: unknown) => {
      if (!this.#closed) console.warn('a candidate was not accepted', error);
    });
  }

  #notified({ name, params }: Notification): void {
    const { phase } = this.snapshot();
    switch (name) {
      case 'candidate':
        if (params.leg.kind === this.#leg?.leg.kind) this.#leg.addRemoteCandidate(params.candidate);
        break;
      case 'testTick':
        if (phase !== 'preparing' && phase !== 'recording') break;
        this.#set({
          phase: params.seconds >= this.#limit ? 'saving' : 'recording',
          secondsLeft: Math.max(0, Math.ceil(this.#limit - params.seconds)),
        });
        break;
      case 'testRecorded':
        this.#dropLeg();
        this.#set({ phase: 'recorded', recorded: true, seconds: params.seconds });
        break;
      case 'testPlayed':
        this.#dropLeg();
        this.#set({ phase: 'played', playback: undefined });
        break;
      case 'testFailed':
        this.#fail(params.message);
        break;
      case 'mediaServer':
        if (!params.available) this.#fail('The media server went away. Try the test again in a moment.');
        break;
      default:
        break;
    }
  }

  #fail(failure: string): void {
    if (this.#closed || this.snapshot().phase === 'idle') return;
    this.#dropLeg();
    this.#set({ phase: 'failed', failure, playback: undefined });
  }

  #dropLeg(): void {
    this.#leg?.close();
    this.#leg = undefined;
  }

  #set(change: Partial<TestSnapshot>): void {
    if (!this.#closed) this.#store.update((snapshot) => ({ ...snapshot, ...change }));
  }
}
