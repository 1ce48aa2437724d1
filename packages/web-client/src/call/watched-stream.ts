// A stream of another participant that this browser watches: its down leg, built again as often as needed.
import type { Candidate, IceServer, LegStatus, StreamDescription, StreamId } from '@parley/protocol';
import { DownLeg } from './down-leg.ts';
import { troubled } from './leg-evidence.ts';
import { isSame, LegReporter } from './leg-reporter.ts';
import { isUp, LegKeeper, type KeeperState } from './leg-keeper.ts';
import type { PeerLegOptions } from './peer-leg.ts';
import type { SignallingLike } from './signalling.ts';
import { StepQueue } from './step-queue.ts';

export interface WatchedStreamOptions extends Pick<
  PeerLegOptions,
  'createPeerConnection' | 'sendCandidate' | 'onTrace'
> {
  signalling: SignallingLike;
  stream: StreamDescription;
  iceServers: readonly IceServer[];
  /** Whether the server sees the sender's media. */
  senderSends(): boolean;
  /** Tells the server how the leg fares. */
  report(status: LegStatus): void;
  onChange(): void;
}

export class WatchedStream {
  readonly id: StreamId;
  readonly #options: WatchedStreamOptions;
  readonly #keeper: LegKeeper;
  // A queue of its own: the streams of twelve participants must not wait for each other's answers.
  readonly #steps = new StepQueue();
  #leg: DownLeg | undefined;
  #state: KeeperState = { phase: 'connecting' };
  readonly #reporter: LegReporter;
  #evidence: LegStatus | undefined;
  #iceServers: readonly IceServer[];
  #soundBlocked = false;

  constructor(options: WatchedStreamOptions) {
    this.id = options.stream.id;
    this.#options = options;
    this.#iceServers = options.iceServers;
    this.#reporter = new LegReporter((status) => options.report(status));
    this.#keeper = new LegKeeper({
      what: options.stream.kind === 'screen' ? 'This screen' : 'This participant',
      steps: this.#steps,
      build: (changed) => {
        this.#reporter.begin();
        const leg = new DownLeg({
          ...options,
          iceServers: this.#iceServers,
          onState: changed,
          onStatus: (status) => {
            if (leg === this.#leg) this.#proven(status);
          },
        });
        this.#leg = leg;
        return leg;
      },
      onState: (state) => this.#changed(state),
    });
  }

  get state(): KeeperState {
    return this.#state;
  }

  get media(): MediaStream | undefined {
    return this.#leg?.media;
  }

  /** What this browser can prove of the present leg; undefined before it is connected. */
  get evidence(): LegStatus | undefined {
    return this.#evidence && this.#heard(this.#evidence);
  }

  /** The browser holds the sound back until the person presses something, or no longer. */
  setSoundBlocked(blocked: boolean): void {
    if (this.#soundBlocked === blocked) return;
    this.#soundBlocked = blocked;
    if (!this.#evidence) return;
    this.#proven(this.#evidence);
    this.#options.onChange();
  }

  start(): void {
    void this.#keeper.start();
  }

  /** Whether it runs here, well or not. */
  get isUp(): boolean {
    return isUp(this.#state);
  }

  /** The network has changed, or the server is there again: an interruption is mended at once. */
  hurry(): void {
    this.#leg?.hurry();
  }

  /** For this leg and the next. */
  async renewIceServers(iceServers: readonly IceServer[]): Promise<void> {
    this.#iceServers = iceServers;
    await this.#leg?.renewIceServers(iceServers);
  }

  /** The server is there again, and still sends: what changed meanwhile it could not be told. */
  resumed(): void {
    this.hurry();
    if (this.#evidence) this.#options.report(this.#heard(this.#evidence));
  }

  addRemoteCandidate(candidate: Candidate): void {
    this.#leg?.addRemoteCandidate(candidate);
  }

  /** Ends it at this side, because the stream has ended, or the connection to the server; idempotent. */
  close(): void {
    this.#steps.close();
    this.#keeper.close();
    this.#reporter.close();
    this.#leg = undefined;
  }

  #changed(state: KeeperState): void {
    this.#state = state;
    if (state.phase === 'repairing')
      this.#reporter.report(troubled('repairing', 'negotiated', state.cause, state.facts));
    if (state.phase === 'live' && this.#evidence) this.#reporter.report(this.#heard(this.#evidence));
    if (state.phase === 'waiting' || state.phase === 'failed') {
      this.#leg = undefined;
      this.#evidence = undefined;
      const reported = state.phase === 'waiting' ? 'repairing' : 'failed';
      this.#reporter.report(troubled(reported, 'requested', state.cause, state.facts));
    }
    if (state.phase === 'failed') this.#unwatch();
    this.#options.onChange();
  }

  #proven(status: LegStatus): void {
    const before = this.#evidence;
    this.#evidence = status;
    // What was last seen of it says nothing while it is being repaired.
    if (this.#state.phase !== 'repairing') this.#reporter.report(this.#heard(status));
    if (!before || !isSame(before, status)) this.#options.onChange();
  }

  /** Whose sound is held back gets the stream, and has nothing of it. */
  #heard(status: LegStatus): LegStatus {
    const arrives = status.step === 'media-arriving' || status.step === 'confirmed';
    if (!this.#soundBlocked || !this.#options.stream.audio || !arrives) return status;
    return { state: 'failed', step: 'media-arriving', cause: 'autoplay-blocked' };
  }

  /** Given up: the server would go on sending, since a broken connection cannot say goodbye. */
  #unwatch(): void {
    this.#options.signalling.request('unwatch', { stream: this.id }).catch((error: unknown) => {
      console.debug('a stream that was given up has ended already', error);
    });
  }
}
