// A stream that this browser sends: permission, up leg, and both again as often as needed (flow 3).
import type {
  Candidate,
  FailureCause,
  IceServer,
  LegStatus,
  StreamDescription,
  StreamId,
  StreamKind,
} from '@parley/protocol';
import { progress, troubled } from './leg-evidence.ts';
import { isUp, LegKeeper, type KeeperState, type LegAttempt } from './leg-keeper.ts';
import { LegReporter } from './leg-reporter.ts';
import type { PeerLegNews, PeerLegOptions } from './peer-leg.ts';
import type { SignallingLike } from './signalling.ts';
import type { StepQueue } from './step-queue.ts';
import { UpLeg } from './up-leg.ts';

export interface OwnStreamOptions extends Pick<
  PeerLegOptions,
  'createPeerConnection' | 'sendCandidate' | 'onTrace'
> {
  signalling: SignallingLike;
  kind: StreamKind;
  media: MediaStream;
  muted: boolean;
  /** Shared by all streams that this browser sends. `start` and `stop` are called within one of its steps. */
  steps: StepQueue;
  /** Tells the server what only this browser knows of its devices. */
  report(stream: StreamId, status: LegStatus): void;
  onChange(): void;
}

export class OwnStream {
  readonly kind: StreamKind;
  readonly media: MediaStream;
  readonly #keeper: LegKeeper;
  readonly #reporter: LegReporter;
  readonly #listening = new AbortController();
  #broadcast: Broadcast | undefined;
  #state: KeeperState = { phase: 'connecting' };
  #muted: boolean;
  #closed = false;

  constructor(options: OwnStreamOptions) {
    this.kind = options.kind;
    this.media = options.media;
    this.#muted = options.muted;
    this.#reporter = new LegReporter((status) => {
      if (this.id) options.report(this.id, status);
    });
    if (options.kind === 'camera') this.#watchDevices();
    this.#keeper = new LegKeeper({
      what: options.kind === 'screen' ? 'Your screen' : 'Your camera and microphone',
      steps: options.steps,
      build: (changed) => {
        this.#broadcast = new Broadcast({ ...options, muted: this.#muted }, changed);
        return this.#broadcast;
      },
      onState: (state) => {
        this.#changed(state);
        options.onChange();
      },
    });
  }

  get id(): StreamId | undefined {
    return this.#broadcast?.id;
  }

  get state(): KeeperState {
    return this.#state;
  }

  /** Whether it runs here, well or not. */
  get isUp(): boolean {
    return isUp(this.#state);
  }

  /** What the server sees of it. */
  serverSees(status: LegStatus): void {
    this.#broadcast?.leg?.serverSees(status);
  }

  /** The server says that viewers still wait for one. */
  makeKeyFrame(): void {
    this.#broadcast?.leg?.makeKeyFrame();
  }

  /** The network has changed, or the server is there again: an interruption is mended at once. */
  hurry(): void {
    this.#broadcast?.leg?.hurry();
  }

  async renewIceServers(iceServers: readonly IceServer[]): Promise<void> {
    await this.#broadcast?.leg?.renewIceServers(iceServers);
  }

  /** Queues the first try, or a new row of tries after giving up. */
  start(): void {
    if (!this.#closed) void this.#keeper.start();
  }

  /** Tells the others that the sound is off or on at the source; the leg stays as it is. */
  setMuted(muted: boolean): void {
    if (this.#muted === muted) return;
    this.#muted = muted;
    this.#broadcast?.setMuted(muted);
  }

  addRemoteCandidate(candidate: Candidate): void {
    this.#broadcast?.addRemoteCandidate(candidate);
  }

  /** The server ended the stream by itself: it is gone there, and is offered anew. */
  lost(cause: FailureCause): void {
    this.#broadcast?.forget();
    this.#keeper.failed(cause);
  }

  /** The server has no such stream any more, which it could not say: there is nothing to stop. */
  forget(): void {
    this.#broadcast?.forget();
  }

  /** Ends the stream here and at the server; idempotent. */
  close(): void {
    this.#closed = true;
    this.#listening.abort();
    this.#reporter.close();
    this.#keeper.close();
  }

  #changed(state: KeeperState): void {
    const before = this.#state;
    this.#state = state;
    if (state.phase === 'connecting') this.#reporter.begin();
    // What the server misses is what it says itself, and what is at fault at this side is not known to it.
    if (state.phase === 'repairing' && state.cause !== 'sender-sends-nothing')
      this.#reporter.report(troubled('repairing', 'negotiated', state.cause, state.facts));
    if (state.phase === 'live' && before.phase === 'repairing')
      this.#reporter.report(progress('dtls-connected'));
  }

  /** A track that is `muted` gives nothing though it runs: the device is taken away for a while. */
  #watchDevices(): void {
    const { signal } = this.#listening;
    for (const track of this.media.getTracks())
      track.addEventListener('ended', () => this.#reporter.report(gone('failed', 'device-gone')), { signal });
    for (const track of this.media.getVideoTracks()) {
      track.addEventListener('mute', () => this.#reporter.report(gone('repairing', 'camera-busy')), {
        signal,
      });
      track.addEventListener('unmute', () => this.#reporter.report(progress('dtls-connected')), { signal });
    }
  }
}

function gone(state: 'failed' | 'repairing', cause: FailureCause): LegStatus {
  return { state, step: 'dtls-connected', cause };
}

/** One try: asks for permission, then offers. Its id at the server is its own: the next try gets another one. */
class Broadcast implements LegAttempt {
  readonly #options: OwnStreamOptions;
  readonly #changed: (news: PeerLegNews) => void;
  #stream: StreamDescription | undefined;
  leg: UpLeg | undefined;
  #muted: boolean;
  #closed = false;

  constructor(options: OwnStreamOptions, changed: (news: PeerLegNews) => void) {
    this.#options = options;
    this.#changed = changed;
    this.#muted = options.muted;
  }

  get id(): StreamId | undefined {
    return this.#stream?.id;
  }

  async connect(): Promise<void> {
    const { signalling, kind, media } = this.#options;
    const { stream, iceServers } = await signalling.request('requestBroadcast', {
      kind,
      audio: media.getAudioTracks().length > 0,
      video: media.getVideoTracks().length > 0,
      muted: this.#muted,
    });
    this.#stream = stream;
    if (this.#closed) return this.#stopAtServer();
    if (stream.muted !== this.#muted) this.#sendMuted();
    this.leg = new UpLeg({ ...this.#options, stream, iceServers, onState: this.#changed });
    await this.leg.connect();
  }

  setMuted(muted: boolean): void {
    this.#muted = muted;
    if (this.#stream) this.#sendMuted();
  }

  addRemoteCandidate(candidate: Candidate): void {
    this.leg?.addRemoteCandidate(candidate);
  }

  /** The server has no such stream any more, so there is nothing to stop. */
  forget(): void {
    this.#stream = undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The farewell of DTLS is faster than the request: the server would take the end for a loss.
    void this.#stopAtServer().finally(() => this.leg?.close());
  }

  async #stopAtServer(): Promise<void> {
    if (!this.#stream) return;
    const { id } = this.#stream;
    this.#stream = undefined;
    await this.#tell('stopBroadcast', this.#options.signalling.request('stopBroadcast', { stream: id }));
  }

  #sendMuted(): void {
    if (!this.#stream) return;
    const change = { stream: this.#stream.id, muted: this.#muted };
    void this.#tell('setMuted', this.#options.signalling.request('setMuted', change));
  }

  /** For requests whose refusal changes nothing: the stream may have ended at the server in the same moment. */
  #tell(what: string, answer: Promise<unknown>): Promise<unknown> {
    return answer.catch((error: unknown) => {
      if (!this.#closed) console.warn(`${what} was not accepted`, error);
    });
  }
}
