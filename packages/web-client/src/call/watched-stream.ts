// A stream of another participant that this browser watches: its down leg, built again as often as needed.
import type { Candidate, IceServer, StreamDescription, StreamId } from '@parley/protocol';
import { DownLeg } from './down-leg.ts';
import { LegKeeper, type KeeperState } from './leg-keeper.ts';
import type { PeerLegOptions } from './peer-leg.ts';
import type { SignallingLike } from './signalling.ts';
import { StepQueue } from './step-queue.ts';

export interface WatchedStreamOptions extends Pick<PeerLegOptions, 'createPeerConnection' | 'sendCandidate'> {
  signalling: SignallingLike;
  stream: StreamDescription;
  iceServers: readonly IceServer[];
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

  constructor(options: WatchedStreamOptions) {
    this.id = options.stream.id;
    this.#options = options;
    this.#keeper = new LegKeeper({
      what: options.stream.kind === 'screen' ? 'This screen' : 'This participant',
      steps: this.#steps,
      build: (changed) => {
        const leg = new DownLeg({ ...options, onState: changed });
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

  start(): void {
    void this.#keeper.start();
  }

  addRemoteCandidate(candidate: Candidate): void {
    this.#leg?.addRemoteCandidate(candidate);
  }

  /** Ends it at this side, because the stream has ended, or the connection to the server; idempotent. */
  close(): void {
    this.#steps.close();
    this.#keeper.close();
    this.#leg = undefined;
  }

  #changed(state: KeeperState): void {
    this.#state = state;
    if (state.phase === 'waiting' || state.phase === 'failed') this.#leg = undefined;
    if (state.phase === 'failed') this.#unwatch();
    this.#options.onChange();
  }

  /** Given up: the server would go on sending, since a broken connection cannot say goodbye. */
  #unwatch(): void {
    this.#options.signalling.request('unwatch', { stream: this.id }).catch((error: unknown) => {
      console.debug('a stream that was given up has ended already', error);
    });
  }
}
