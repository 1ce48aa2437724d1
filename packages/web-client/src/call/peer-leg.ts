// One peer connection with the media server, up or down: offer, answer, candidates both ways, and whether it still lives.
// Not the requests that carry the offer: those differ by flow and are handed in.
import type { Candidate, FailureCause, IceServer, Leg } from '@parley/protocol';

/** `connected` may come again after a short interruption; `failed` and `closed` are final. */
export type PeerLegState = 'connecting' | 'connected' | 'failed' | 'closed';

/** Told of a leg's connection: that it came up, or why it is gone for good. */
export type PeerLegNews = { state: 'connected' } | { state: 'failed'; cause: FailureCause };

export interface PeerLegOptions {
  leg: Leg;
  iceServers: readonly IceServer[];
  createPeerConnection: (configuration: RTCConfiguration) => RTCPeerConnection;
  sendCandidate(leg: Leg, candidate: Candidate): void;
  onState(news: PeerLegNews): void;
}

/** How long an answered leg may take to connect, in ms: ICE of a reachable server takes well under one second. */
const CONNECT_DEADLINE_MS = 15_000;
/** How long a leg may be `disconnected`, in ms: ICE often recovers by itself within this time. */
const DISCONNECTED_GRACE_MS = 5_000;

/** Two legs of one browser are the same when their keys are equal. */
export function legKey(leg: Leg): string {
  return 'stream' in leg ? `${leg.kind}:${leg.stream}` : leg.kind;
}

export class PeerLeg {
  readonly leg: Leg;
  readonly connection: RTCPeerConnection;
  readonly #options: PeerLegOptions;
  readonly #early: Candidate[] = [];
  #state: PeerLegState = 'connecting';
  #answered = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PeerLegOptions) {
    this.#options = options;
    this.leg = options.leg;
    this.connection = options.createPeerConnection({
      iceServers: options.iceServers.map((server) => ({ ...server })),
      bundlePolicy: 'max-bundle',
    });
    this.connection.addEventListener('icecandidate', (event) => this.#gathered(event.candidate));
    this.connection.addEventListener('connectionstatechange', () => this.#connectionChanged());
  }

  get state(): PeerLegState {
    return this.#state;
  }

  /**
   * Makes the offer, hands it to `sendOffer` and applies the answer that this gives. The transceivers must be there.
   * @throws what `sendOffer` throws, and what the browser throws about an answer that it cannot use.
   */
  async negotiate(sendOffer: (sdpOffer: string) => Promise<string>): Promise<void> {
    const offer = await this.connection.createOffer();
    if (this.#state !== 'connecting') return;
    await this.connection.setLocalDescription(offer);
    const sdp = await sendOffer(this.connection.localDescription?.sdp ?? offer.sdp ?? '');
    if (this.#state !== 'connecting') return;
    await this.connection.setRemoteDescription({ type: 'answer', sdp });
    this.#answered = true;
    for (const candidate of this.#early.splice(0)) this.#apply(candidate);
    if (this.connection.connectionState !== 'connected' && !this.#isOver())
      this.#timer ??= setTimeout(() => this.#fail(), CONNECT_DEADLINE_MS);
  }

  /** Takes a candidate of the media server; one that comes before the answer waits for it. */
  addRemoteCandidate(candidate: Candidate): void {
    if (this.#isOver()) return;
    if (this.#answered) this.#apply(candidate);
    else this.#early.push(candidate);
  }

  /** Ends the leg at this side without telling anyone; idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#early.length = 0;
    this.connection.close();
  }

  #isOver(): boolean {
    return this.#state === 'failed' || this.#state === 'closed';
  }

  #gathered(candidate: RTCIceCandidate | null): void {
    // An empty one only says that the gathering ended; Kurento's media server takes offence at it.
    if (!candidate?.candidate || this.#isOver()) return;
    const { sdpMid, sdpMLineIndex } = candidate;
    this.#options.sendCandidate(this.leg, { candidate: candidate.candidate, sdpMid, sdpMLineIndex });
  }

  #apply(candidate: Candidate): void {
    this.connection.addIceCandidate(candidate).catch((error: unknown) => {
      // One unusable candidate is no reason to end the leg: the others may do.
      if (!this.#isOver()) console.warn(`${legKey(this.leg)}: a candidate was refused`, error);
    });
  }

  #connectionChanged(): void {
    if (this.#isOver()) return;
    const state = this.connection.connectionState;
    if (state === 'connected') {
      clearTimeout(this.#timer);
      this.#state = 'connected';
      this.#options.onState({ state: 'connected' });
    } else if (state === 'disconnected') {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#fail(), DISCONNECTED_GRACE_MS);
    } else if (state === 'failed') this.#fail();
  }

  #fail(): void {
    if (this.#isOver()) return;
    clearTimeout(this.#timer);
    this.#state = 'failed';
    const cause = isIceConnected(this.connection) ? 'dtls-failed' : 'no-candidate-pair';
    this.#options.onState({ state: 'failed', cause });
  }
}

/** Whether the two sides have found a way to each other, encrypted or not yet. */
export function isIceConnected({ iceConnectionState: state }: RTCPeerConnection): boolean {
  return state === 'connected' || state === 'completed';
}
