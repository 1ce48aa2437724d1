// One peer connection with the media server, up or down: offer, answer, candidates both ways, whether it still lives, and
// what is done at it when it does not (`remedies.ts`). Not the requests that carry the offer: those differ by flow.
import { NoAnswerError, type Candidate, type FailureCause, type IceServer, type Leg } from '@parley/protocol';
import type { IceVia } from '@parley/protocol';
import { IceAttempts } from './ice-attempts.ts';
import { LegTrace, type OnTrace } from './leg-trace.ts';
import { refusalReason } from './refusals.ts';
import { Remedies, type Remedy } from './remedies.ts';
import type { SignallingLike } from './signalling.ts';

/** `connected` may come again after an interruption; `failed` and `closed` are final. */
export type PeerLegState = 'connecting' | 'connected' | 'failed' | 'closed';

/**
 * Told of a leg's connection: that it is up; what a remedy is being applied for; that it is proven by media; or why it is gone
 * for good. `detail`: for whoever runs the server.
 */
export type PeerLegNews =
  | { state: 'connected' }
  | { state: 'proven' }
  | { state: 'repairing'; cause: FailureCause; detail?: string | undefined }
  | { state: 'failed'; cause: FailureCause; detail?: string | undefined };

export interface PeerLegOptions {
  leg: Leg;
  iceServers: readonly IceServer[];
  createPeerConnection: (configuration: RTCConfiguration) => RTCPeerConnection;
  sendCandidate(leg: Leg, candidate: Candidate): void;
  /** By which ICE restarts are asked for. */
  signalling: Pick<SignallingLike, 'request'>;
  onState(news: PeerLegNews): void;
  onTrace?: OnTrace | undefined;
}

/** After a change of network an interruption will not mend itself: that one comes of the other within this time, in ms. */
const CHANGE_EFFECT_MS = 10_000;

const VIA: Readonly<Record<Exclude<Remedy, 'key-frame' | 'rebuild'>, IceVia>> = {
  restart: 'any',
  'restart-tcp': 'tcp',
  'restart-relay': 'relay',
};
type Restart = keyof typeof VIA;

/** Two legs of one browser are the same when their keys are equal. */
export function legKey(leg: Leg): string {
  return 'stream' in leg ? `${leg.kind}:${leg.stream}` : leg.kind;
}

/** The answer rejects all media of the offer (RFC 3264, section 6): there is no common codec, and nothing will ever come. */
export class NothingAcceptedError extends Error {
  constructor() {
    super('the answer accepts none of the offered media');
    this.name = 'NothingAcceptedError';
  }
}

export class PeerLeg {
  readonly leg: Leg;
  readonly connection: RTCPeerConnection;
  readonly trace: LegTrace;
  readonly #options: PeerLegOptions;
  readonly #early: Candidate[] = [];
  readonly #remedies: Remedies;
  readonly #attempts: IceAttempts;
  readonly #receives: boolean;
  #iceServers: readonly IceServer[];
  #state: PeerLegState = 'connecting';
  #answered = false;
  #restarting = false;
  #repairing = false;
  #networkChangedAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tellClosed: () => void = () => undefined;
  readonly #closed = new Promise<void>((resolve) => (this.#tellClosed = resolve));

  constructor(options: PeerLegOptions) {
    this.#options = options;
    this.leg = options.leg;
    this.#iceServers = options.iceServers;
    this.#receives = options.leg.kind === 'down' || options.leg.kind === 'testPlayback';
    this.#remedies = new Remedies({ relay: options.iceServers.length > 0, receives: this.#receives });
    this.#attempts = new IceAttempts(options.iceServers);
    this.connection = options.createPeerConnection(this.#configuration('all'));
    this.trace = new LegTrace(options.leg, this.connection, options.onTrace);
    this.connection.addEventListener('icecandidate', (event) => this.#gathered(event.candidate));
    this.connection.addEventListener('icecandidateerror', (event) => this.#gatheringFailed(event));
    this.connection.addEventListener('iceconnectionstatechange', () => this.#iceChanged());
    this.connection.addEventListener('connectionstatechange', () => this.#connectionChanged());
  }

  get state(): PeerLegState {
    return this.#state;
  }

  /**
   * Makes the offer, hands it to `sendOffer` and applies the answer that this gives. The transceivers must be there.
   * @throws what `sendOffer` throws, and what the browser throws about an answer that it cannot use; NothingAcceptedError
   */
  async negotiate(sendOffer: (sdpOffer: string) => Promise<string>): Promise<void> {
    const offer = await this.#unlessClosed(this.connection.createOffer());
    if (!offer || this.#state !== 'connecting') return;
    await this.#unlessClosed(this.connection.setLocalDescription(offer));
    if (this.#state !== 'connecting') return;
    this.trace.negotiated();
    const sdp = await sendOffer(this.connection.localDescription?.sdp ?? offer.sdp ?? '');
    if (this.#state !== 'connecting') return;
    if (acceptsNothing(sdp)) throw new NothingAcceptedError();
    await this.#answer(sdp);
    if (this.connection.connectionState !== 'connected' && !this.#isOver()) this.#lacks('connection');
  }

  /** Takes a candidate of the media server; one that comes before the answer waits for it. */
  addRemoteCandidate(candidate: Candidate): void {
    if (this.#isOver()) return;
    if (this.#answered) this.#apply(candidate);
    else this.#early.push(candidate);
  }

  /** Whether what has to come over this connection does: nothing that comes is repaired like nothing that connects. */
  mediaComes(comes: boolean): void {
    if (this.#isOver() || this.#state !== 'connected') return;
    if (comes) this.#has('media');
    else this.#lacks('media');
  }

  /** What was lost may be there again, or will not come back by itself: an interruption is mended at once from now on. */
  hurry(): void {
    if (this.#isOver() || !this.#answered) return;
    this.#networkChangedAt = performance.now();
    if (this.#remedies.lack !== undefined) this.#lacks(this.#remedies.lack, 'at once');
  }

  /** Takes new credentials; a connection through the relay goes on with them after a restart of ICE. */
  async renewIceServers(iceServers: readonly IceServer[]): Promise<void> {
    if (this.#isOver()) return;
    this.#iceServers = iceServers;
    this.#attempts.renewed(iceServers);
    this.connection.setConfiguration(this.#configuration('all'));
    const relayed = await this.trace.isRelayed();
    if (relayed && !this.#isOver() && this.#answered && !this.#restarting) await this.#restart('restart');
  }

  /** Ends the leg at this side without telling anyone; idempotent. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    this.#early.length = 0;
    this.trace.close();
    this.connection.close();
    this.#tellClosed();
  }

  #isOver(): boolean {
    return this.#state === 'failed' || this.#state === 'closed';
  }

  #configuration(iceTransportPolicy: RTCIceTransportPolicy): RTCConfiguration {
    return {
      iceServers: this.#iceServers.map((server) => ({ ...server })),
      iceTransportPolicy,
      bundlePolicy: 'max-bundle',
    };
  }

  async #answer(sdp: string): Promise<void> {
    this.#attempts.offered(sdp);
    await this.#unlessClosed(this.connection.setRemoteDescription({ type: 'answer', sdp }));
    this.#answered = true;
    if (this.#isOver()) return;
    for (const candidate of this.#early.splice(0)) this.#apply(candidate);
  }

  /** What a peer connection still had to do when it was closed never settles (W3C WebRTC, section 4.4.1.5): nobody may wait for it. */
  #unlessClosed<Value>(step: Promise<Value>): Promise<Value | undefined> {
    return Promise.race([step, this.#closed.then(() => undefined)]);
  }

  #gathered(candidate: RTCIceCandidate | null): void {
    // An empty one only says that the gathering ended; Kurento's media server takes offence at it.
    if (!candidate?.candidate || this.#isOver()) return;
    const { sdpMid, sdpMLineIndex } = candidate;
    this.#attempts.gathered(candidate.candidate);
    this.#options.sendCandidate(this.leg, { candidate: candidate.candidate, sdpMid, sdpMLineIndex });
  }

  #gatheringFailed({ errorCode, errorText, url }: RTCPeerConnectionIceErrorEvent): void {
    this.#attempts.refused({ errorCode, errorText, url });
    this.trace.state('icecandidateerror', { errorCode, errorText: errorText.slice(0, 200), url });
  }

  #apply(candidate: Candidate): void {
    this.#attempts.offered(candidate.candidate);
    this.connection.addIceCandidate(candidate).catch((error: unknown) => {
      // One unusable candidate is no reason to end the leg: the others may do.
      if (!this.#isOver()) console.warn(`${legKey(this.leg)}: a candidate was refused`, error);
    });
  }

  #iceChanged(): void {
    if (this.#isOver() || !this.#answered || !isIceConnected(this.connection)) return;
    this.#remedies.has('connection');
    if (this.connection.connectionState === 'connecting') this.#lacks('encryption');
  }

  #connectionChanged(): void {
    if (this.#isOver()) return;
    const { connectionState } = this.connection;
    if (connectionState === 'connected') {
      this.#state = 'connected';
      this.#tracePair();
      this.#has('encryption');
      if (this.#remedies.lack === undefined) this.#tellConnected();
    } else if (connectionState === 'disconnected') {
      const changed = performance.now() - this.#networkChangedAt < CHANGE_EFFECT_MS;
      this.#lacks('connection', changed ? 'at once' : 'in time');
    } else if (connectionState === 'failed') {
      if (isIceConnected(this.connection)) this.#failBecause({ cause: 'dtls-failed' });
      else this.#lacks('connection', 'at once');
    }
  }

  #lacks(what: Parameters<Remedies['lacks']>[0], urgency: 'in time' | 'at once' = 'in time'): void {
    this.#remedies.lacks(what, performance.now(), urgency);
    this.#watchDeadline();
  }

  #has(what: Parameters<Remedies['has']>[0]): void {
    this.#remedies.has(what);
    this.#watchDeadline();
    if (this.#repairing && this.#remedies.lack === undefined) this.#tellConnected();
  }

  #tellConnected(): void {
    this.#repairing = false;
    this.#options.onState({ state: 'connected' });
  }

  #watchDeadline(): void {
    clearTimeout(this.#timer);
    const { deadline } = this.#remedies;
    if (deadline === undefined || this.#restarting || this.#isOver()) return;
    this.#timer = setTimeout(() => this.#climb(), Math.max(0, deadline - performance.now()));
  }

  #climb(): void {
    const remedy = this.#remedies.take(performance.now());
    if (!remedy) return this.#watchDeadline();
    const lack = this.#remedies.lack ?? '';
    this.trace.remedy(remedy, { lack });
    if (remedy === 'rebuild') return this.#failBecause(this.#why('at last'));
    this.#repairing = true;
    this.#options.onState({ state: 'repairing', ...this.#why() });
    // That the page tells of it is what makes the server ask the sender.
    if (remedy === 'key-frame') this.#watchDeadline();
    else void this.#restart(remedy);
  }

  async #restart(remedy: Restart): Promise<void> {
    const via = VIA[remedy];
    this.#restarting = true;
    clearTimeout(this.#timer);
    try {
      this.connection.setConfiguration(this.#configuration(via === 'relay' ? 'relay' : 'all'));
      const offer = await this.#unlessClosed(this.connection.createOffer({ iceRestart: true }));
      if (!offer || this.#isOver()) return;
      await this.#unlessClosed(this.connection.setLocalDescription(offer));
      if (this.#isOver()) return;
      // What the server finds for the new offer must wait for its answer.
      this.#answered = false;
      const sdpOffer = this.connection.localDescription?.sdp ?? offer.sdp ?? '';
      const { sdpAnswer } = await this.#options.signalling.request('restartIce', {
        leg: this.leg,
        sdpOffer,
        via,
      });
      if (!this.#isOver()) await this.#answer(sdpAnswer);
    } catch (error) {
      if (!this.#isOver()) this.#notRestarted(remedy, error);
    } finally {
      this.#restarting = false;
      this.#answered = true;
      this.#watchDeadline();
    }
  }

  #notRestarted(remedy: Restart, error: unknown): void {
    const reason = refusalReason(error);
    const now = performance.now();
    if (reason === 'not-supported') this.#remedies.cannotRestart(now);
    else if (error instanceof NoAnswerError || reason === 'too-many-requests')
      this.#remedies.postpone(remedy, now);
    else {
      console.warn(`${legKey(this.leg)}: ICE was not restarted`, error);
      if (this.#remedies.lack !== undefined) this.#failBecause(this.#why('at last'));
    }
  }

  #why(when: 'for now' | 'at last' = 'for now'): { cause: FailureCause; detail?: string } {
    switch (this.#remedies.lack) {
      case 'media':
        return { cause: this.#receives ? 'nothing-arrives' : 'sender-sends-nothing' };
      case 'encryption':
        return { cause: 'dtls-failed' };
      default:
        // What went directly may do so again: only in the end it was the relay that was needed.
        if (when === 'for now' && this.#state === 'connected') return { cause: 'no-candidate-pair' };
        return this.#attempts.verdict(Date.now());
    }
  }

  #failBecause(why: { cause: FailureCause; detail?: string }): void {
    if (this.#isOver()) return;
    clearTimeout(this.#timer);
    this.#state = 'failed';
    this.#options.onState({ state: 'failed', ...why });
  }

  #tracePair(): void {
    this.trace.pair().catch((error: unknown) => {
      if (!this.#isOver()) console.debug('the statistics could not be read', error);
    });
  }
}

/** A rejected m-line has port 0 (RFC 3264, section 6). */
function acceptsNothing(answer: string): boolean {
  const ports = [...answer.matchAll(/^m=\S+ (\d+)/gm)].map(([, port]) => port);
  return ports.length > 0 && ports.every((port) => port === '0');
}

/** Whether the two sides have found a way to each other, encrypted or not yet. */
export function isIceConnected({ iceConnectionState: state }: RTCPeerConnection): boolean {
  return state === 'connected' || state === 'completed';
}
