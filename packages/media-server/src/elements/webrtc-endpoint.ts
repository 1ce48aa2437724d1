// The media server's end of one peer connection, as Kurento clients see it: SDP in, answer out, then states and events.
// The bytes are the transport's, the packets the RTP session's.
import { randomInt } from 'node:crypto';
import { KurentoError, type LegDiagnosis } from '@parley/protocol';
import {
  answerOffer,
  answerRestart,
  awaitingCandidates,
  makeOffer,
  parseCandidate,
  readRemoteIce,
  readAnswer,
  readRestart,
  withLateCandidates,
  writeCandidate,
  type LocalSession,
  type Negotiation,
  type OfferedLines,
  type OwnOffer,
} from '@parley/rtc';
import type { DataSink, DataSource } from '../data/data-flow.ts';
import { PeerData } from '../data/peer-data.ts';
import { RtpSession } from '../forwarding/rtp-session.ts';
import type { MediaKind, MediaSink, MediaSource } from '../forwarding/track.ts';
import type { AnnouncedCandidates } from '../transport/announced-candidates.ts';
import type { DtlsState } from '../transport/dtls-session.ts';
import type { Path } from '../transport/path.ts';
import { Relay } from '../transport/relay.ts';
import type { IceState, WebRtcTransport } from '../transport/webrtc-transport.ts';
import { CandidateGathering, type CandidateLine, type IceCandidateValue } from './candidate-gathering.ts';
import { CodecMismatch } from './codec-mismatch.ts';
import { diagnoseLeg, localCandidateFor } from './leg-diagnosis.ts';
import type { StatsRecord } from './media-element.ts';
import type { ObjectContext } from './media-object.ts';
import { tellOfDscp } from './qos-dscp.ts';
import { rtpStats } from './rtp-stats.ts';
import type { OfferOptions } from './sdp-endpoint.ts';
import { readOrRefuse } from './sdp-refusal.ts';
import { WebRtcSettings } from './webrtc-settings.ts';

/** One transport, so one stream and one component, by the names that the original gives them. */
const STREAM_ID = 1;
const COMPONENT_ID = 1;

/** Kurento's states for ours; 'new' is told by nothing. */
const ICE_STATES: Record<IceState, readonly string[]> = {
  new: [],
  checking: ['CONNECTING'],
  connected: ['CONNECTED', 'READY'],
  disconnected: ['DISCONNECTED'],
  failed: ['FAILED'],
};

/** Parley's own: which candidates the answer to a restart offers. */
export type RestartVia = 'any' | 'tcp';

/** The last restart, kept because its offer may be sent again when the answer was lost on its way. */
interface Restart {
  readonly offer: string;
  readonly former: Negotiation;
}

/** Without RTCP for this long the peer's media counts as gone, in ms; the original waits about as long. */
const RTCP_SILENCE_MS = 15_000;

export class WebRtcEndpoint extends WebRtcSettings {
  readonly #transport: WebRtcTransport;
  readonly #session: RtpSession;
  readonly #connectionId: string;
  readonly #cname: string;
  readonly #tick = (now: number): void => this.#onTick(now);
  readonly #gathering: CandidateGathering;
  readonly #relay: Relay;
  /** Undefined: made without `useDataChannels`. */
  readonly #data: PeerData | undefined;
  readonly #offeredDirection: OfferedLines['direction'] | undefined;
  #ownOffer: OwnOffer | undefined;
  #negotiation: Negotiation | undefined;
  #announced: AnnouncedCandidates = { all: [], tcp: [] };
  #restart: Restart | undefined;
  #restarts = 0;
  readonly #mismatch = new CodecMismatch((error, kind) => {
    this.environment.log.warn({ endpoint: this.id, kind }, error.description);
    this.emit('Error', { ...error });
  });
  #iceState: string = 'GATHERING';

  constructor(context: ObjectContext, params: Record<string, unknown>) {
    super(context, 'WebRtcEndpoint');
    tellOfDscp(this.environment, params.qosDscp);
    this.#offeredDirection = directionOf(params.recvonly === true, params.sendonly === true);
    this.#gathering = new CandidateGathering({
      onGathering: () => this.#emitIceState('GATHERING'),
      onCandidate: (candidate) => this.emit('IceCandidateFound', { candidate }),
      findMore: (told) => this.#findMore(told),
      onGathered: () => this.#onGathered(),
    });
    this.#transport = this.environment.transports.create({
      onRtp: (packet, now) => this.#session.handleRtp(packet, now),
      onRtcp: (packet, now) => this.#session.handleRtcp(packet, now),
      onIceState: (state) => this.#onIceState(state),
      onIceRestarted: () => this.#onIceRestarted(),
      onSelectedPath: (path) => this.#onSelectedPath(path),
      onDtlsState: (state) => this.#onDtlsState(state),
      onData: (packet) => this.#data?.handlePacket(packet),
    });
    this.#relay = new Relay({
      log: this.environment.log,
      onPacket: (kind, bytes, path, now) => this.#transport.handleDatagram(kind, bytes, path, now),
    });
    if (params.useDataChannels === true)
      this.#data = new PeerData({
        endpoint: this.id,
        log: this.environment.log,
        send: (packet) => this.#transport.sendData(packet),
        onOpened: (channelId) => this.emit('DataChannelOpened', { channelId }),
        onClosed: (channelId) => this.emit('DataChannelClosed', { channelId }),
      });
    this.#session = new RtpSession({
      flowIn: (kind) => this.flowIn(kind),
      flowOut: (kind) => this.flowOut(kind),
      sendRtp: (packet, headerLength) => this.#transport.sendRtp(packet, headerLength),
      sendRtcp: (packet) => this.#transport.sendRtcp(packet),
      bounds: this.videoBounds,
    });
    const { ufrag } = this.#transport.local;
    this.#connectionId = `${ufrag}-${STREAM_ID}-${COMPONENT_ID}`;
    this.#cname = `user-${ufrag}@parley`;
  }

  override source(kind: MediaKind): MediaSource {
    return this.#session.up[kind];
  }

  override sink(kind: MediaKind): MediaSink {
    return this.#session.down[kind];
  }

  override dataSource(): DataSource | undefined {
    return this.#data?.source;
  }

  override dataSink(): DataSink | undefined {
    return this.#data;
  }

  /**
   * Opens a channel to the peer, of which `DataChannelOpened` tells. A limit below 0 is none.
   * @throws KurentoError MEDIA_OBJECT_OPERATION_NOT_SUPPORTED without `useDataChannels` and before the connection,
   * MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for both limits at once, NOT_ENOUGH_RESOURCES
   */
  createDataChannel(
    label = '',
    ordered = true,
    maxPacketLifeTime = -1,
    maxRetransmits = -1,
    protocol = '',
  ): void {
    if (!this.#data) {
      const message = `'${this.id}' was made without useDataChannels`;
      throw new KurentoError('MEDIA_OBJECT_OPERATION_NOT_SUPPORTED', message);
    }
    this.#data.create({ label, ordered, maxPacketLifeTime, maxRetransmits, protocol });
  }

  /** Leaves a channel alone that is not there. */
  closeDataChannel(channelId: number): void {
    this.#data?.closeChannel(channelId);
  }

  /**
   * Tells the candidates, once per m-line; before the negotiation, as soon as there are m-lines. They stand in offer and
   * answer as well, so a client that waits for none connects just the same.
   */
  gatherCandidates(): void {
    this.#gathering.gather();
  }

  /**
   * Takes a candidate of the peer. An ICE-lite server waits for the peer's checks (RFC 8445, section 2.5), so it is only used
   * where the peer is lite as well; like the original it never refuses.
   */
  addIceCandidate({ candidate }: IceCandidateValue): void {
    if (candidate === '') return;
    if (parseCandidate(candidate)) this.#addRemoteCandidate(candidate);
    else this.environment.log.debug({ endpoint: this.id }, 'a candidate that cannot be read was ignored');
  }

  /**
   * Parley's own operation: restarts ICE (RFC 8839, section 4.4). `offer`: of the same peer connection, with new
   * credentials and nothing else changed. The answer has new credentials of this side and its candidates, with `via` 'tcp'
   * only those over TCP, and UDP is given up as soon as TCP works. Until the peer has moved to them, media goes on where it
   * goes now. The very same offer may come again: it gets the same credentials.
   * @throws KurentoError SDP_END_POINT_NO_REMOTE_SDP_ERROR before the negotiation, SDP_PARSE_ERROR, and
   * SDP_END_POINT_PROCESS_OFFER_ERROR for an offer that changes more or nothing, when DTLS is over, and for a lite peer
   */
  restartIce(offer: string, via: RestartVia): string {
    const { dtlsState } = this.#transport;
    if (!this.#negotiation) {
      throw new KurentoError('SDP_END_POINT_NO_REMOTE_SDP_ERROR', `'${this.id}' is not negotiated yet`);
    }
    if (dtlsState === 'failed' || dtlsState === 'closed') {
      const message = `DTLS of '${this.id}' is ${dtlsState}, which no restart of ICE mends: make another endpoint`;
      throw new KurentoError('SDP_END_POINT_PROCESS_OFFER_ERROR', message);
    }
    if (this.#transport.checksPeer) {
      const message = `The peer of '${this.id}' is ICE-lite, and lite peers do not restart: make another endpoint`;
      throw new KurentoError('SDP_END_POINT_PROCESS_OFFER_ERROR', message);
    }
    const isRepeated = this.#restart?.offer === offer;
    const former = isRepeated && this.#restart ? this.#restart.former : this.#negotiation;
    const remote = readOrRefuse('SDP_END_POINT_PROCESS_OFFER_ERROR', () => readRestart(offer, former));
    const candidates = via === 'tcp' ? this.#announced.tcp : this.#announced.all;
    if (candidates.length === 0) {
      throw new KurentoError('SDP_END_POINT_PROCESS_OFFER_ERROR', `iceTcp of '${this.id}' is off`);
    }
    if (!isRepeated) {
      this.#transport.restartIce({ ufrag: remote.iceUfrag, pwd: remote.icePwd }, performance.now());
      this.#restarts++;
    }
    this.#transport.tcpOnly = via === 'tcp';
    const { ufrag, pwd } = this.#transport.local;
    this.#restart = { offer, former };
    this.#negotiation = answerRestart(former, remote, { iceUfrag: ufrag, icePwd: pwd, candidates });
    this.#gathering.described(acceptedLines(this.#negotiation), candidates);
    this.renegotiated(offer, this.#negotiation.answer);
    this.environment.log.info({ endpoint: this.id, via, restarts: this.#restarts }, 'ICE restarted');
    return this.#negotiation.answer;
  }

  /** Parley's own operation: what is known of this connection. Cheap: nothing is measured for it. */
  getDiagnosis(): LegDiagnosis {
    const candidates = this.#announced.all;
    const [transport, session, restarts] = [this.#transport, this.#session, this.#restarts];
    return diagnoseLeg({ transport, session, restarts, candidates });
  }

  get ICECandidatePairs(): Record<string, unknown>[] {
    const { path } = this.#transport;
    return path ? [this.#candidatePair(path)] : [];
  }

  get IceConnectionState(): Record<string, unknown>[] {
    return [{ streamId: String(STREAM_ID), componentId: COMPONENT_ID, state: this.#iceState }];
  }

  get DtlsConnectionState(): Record<string, unknown>[] {
    return [this.#dtlsConnection(this.#transport.dtlsState)];
  }

  protected override negotiate(offer: string): string {
    const negotiation = readOrRefuse('SDP_END_POINT_PROCESS_OFFER_ERROR', () =>
      answerOffer(offer, this.#describeMyself()),
    );
    this.#start(negotiation, offer);
    return this.#asGathered(negotiation.answer);
  }

  protected override makeOffer(options: OfferOptions): string {
    const refusal = 'SDP_END_POINT_GENERATE_OFFER_ERROR';
    const direction = this.#offeredDirection;
    if (direction === undefined)
      throw new KurentoError(refusal, `'${this.id}' was made recvonly and sendonly: it has nothing to offer`);
    const { offerToReceiveAudio: audio, offerToReceiveVideo: video } = options;
    const lines = { audio, video, direction };
    this.#ownOffer = readOrRefuse(refusal, () => makeOffer(this.#describeMyself(), lines));
    return this.#asGathered(this.#ownOffer.offer);
  }

  protected override acceptAnswer(answer: string): void {
    const own = this.#ownOffer;
    if (!own) throw new Error('An answer was let through without an offer');
    const negotiation = readOrRefuse('SDP_END_POINT_PROCESS_ANSWER_ERROR', () => readAnswer(answer, own));
    this.#start(negotiation, answer);
  }

  protected override onDescribed(): void {
    const offered = this.#ownOffer?.lines.map(({ mid }, index) => ({ mid, index }));
    this.#gathering.described(offered ?? acceptedLines(this.#negotiation), this.#announced.all);
  }

  protected override stats(kind: MediaKind): readonly StatsRecord[] {
    return rtpStats(this.id, kind, this.#session);
  }

  protected override dataStats(): readonly StatsRecord[] {
    return this.#data?.stats() ?? [];
  }

  protected override onRelease(): void | Promise<void> {
    const released = super.onRelease();
    this.environment.ticker.remove(this.#tick);
    this.#session.close();
    this.#data?.close();
    this.#transport.close();
    this.#relay.close();
    return released;
  }

  /** Both sides are described: media may come. */
  #start(negotiation: Negotiation, description: string): void {
    this.#negotiation = negotiation;
    const { iceUfrag, icePwd, fingerprint } = negotiation.remote;
    this.#session.negotiate(negotiation.media, this.#cname);
    this.#data?.negotiated(negotiation.media, negotiation.setup === 'passive');
    const ice = iceUfrag === undefined ? undefined : { ufrag: iceUfrag, pwd: icePwd ?? '' };
    this.#transport.takesTcp = this.iceTcp;
    const role = negotiation.setup === 'active' ? 'client' : 'server';
    const { lite, candidates } = readRemoteIce(description);
    this.#transport.start({ ice, fingerprint, role, lite });
    for (const candidate of candidates) this.#addRemoteCandidate(candidate);
    this.environment.ticker.add(this.#tick);
  }

  #addRemoteCandidate(line: string): void {
    this.#transport.addRemoteCandidate(line);
    this.#relay.permit(line);
  }

  #describeMyself(): LocalSession {
    const { transports } = this.environment;
    this.#announced = transports.candidates(this.addressChoice);
    return {
      sessionId: randomInt(2 ** 31),
      sessionName: 'Parley Media Server',
      iceUfrag: this.#transport.local.ufrag,
      icePwd: this.#transport.local.pwd,
      fingerprint: { algorithm: 'sha-256', value: transports.certificate.fingerprint },
      candidates: this.#announced.all,
      setup: 'passive',
      cname: this.#cname,
      ssrcFor: () => ({ ssrc: randomSsrc(), rtxSsrc: randomSsrc() }),
      iceLite: true,
      data: this.#data?.local,
      bandwidth: {
        audio: this.maxAudioRecvBandwidth || undefined,
        video: this.maxVideoRecvBandwidth || undefined,
      },
    };
  }

  #onTick(now: number): void {
    this.#transport.tick(now);
    this.#session.maxVideoBitrate = this.maxVideoRecvBandwidth * 1000;
    this.#session.tick(now);
    for (const track of Object.values(this.#session.down)) this.#mismatch.check(track);
    const last = this.#session.lastRtcpAt;
    this.setMediaState(last !== undefined && now - last < RTCP_SILENCE_MS ? 'CONNECTED' : 'DISCONNECTED');
  }

  /** A description does not say that its candidates are all while a server is still to be asked for another. */
  #asGathered(description: string): string {
    return this.stunServer || this.turnServer ? awaitingCandidates(description) : description;
  }

  #findMore(told: readonly string[]): Promise<readonly string[]> | undefined {
    const { stunServer, turnServer } = this;
    // After a restart by TCP, the peer is to come by nothing else.
    const isOverUdp = told.some((line) => parseCandidate(line)?.transport === 'udp');
    if (!isOverUdp || (!stunServer && !turnServer)) return undefined;
    const { transports } = this.environment;
    const searches = [
      stunServer && transports.candidateOutside(stunServer, told),
      turnServer && this.#relay.candidate(turnServer),
    ];
    return this.#addFound(searches.filter((search) => search !== undefined));
  }

  async #addFound(searches: readonly Promise<string | undefined>[]): Promise<readonly string[]> {
    const more = (await Promise.all(searches)).filter((found) => found !== undefined);
    const { all, tcp } = this.#announced;
    this.#announced = { all: [...new Set([...all, ...more])], tcp };
    this.describedAgain(withLateCandidates(this.getLocalSessionDescriptor(), more));
    return more;
  }

  /** A browser that has the candidates from the SDP may be connected by now: GATHERING is not the last that is told. */
  #onGathered(): void {
    this.emit('IceGatheringDone', {});
    if (this.#iceState === 'GATHERING') this.#onIceState(this.#transport.iceState);
  }

  #onIceState(state: IceState): void {
    // A peer that is quick is connected before anybody has looked at its checks: clients still count on their order.
    if (state === 'connected' && this.#iceState === 'GATHERING') this.#emitIceState('CONNECTING');
    for (const name of ICE_STATES[state]) this.#emitIceState(name);
    this.#updateConnectionState();
    if (state === 'failed') this.emitSessionTerminated();
  }

  /** Told even where the state is what it was, since somebody waits for the end of the restart. */
  #onIceRestarted(): void {
    for (const name of ICE_STATES.connected) this.#emitIceState(name);
    this.#updateConnectionState();
  }

  #emitIceState(state: string): void {
    this.#iceState = state;
    this.emit('IceComponentStateChanged', { streamId: STREAM_ID, componentId: COMPONENT_ID, state });
  }

  #onSelectedPath(path: Path): void {
    this.emit('NewCandidatePairSelected', { candidatePair: this.#candidatePair(path) });
  }

  #onDtlsState(state: DtlsState): void {
    this.emit('DtlsConnectionStateChange', this.#dtlsConnection(state));
    if (state === 'connected') this.#session.start();
    this.#updateConnectionState();
    if (state !== 'closed' && state !== 'failed') return;
    this.#data?.close();
    this.emitSessionTerminated();
  }

  #updateConnectionState(): void {
    const ice = this.#transport.iceState;
    const up = this.#transport.dtlsState === 'connected' && (ice === 'connected' || ice === 'disconnected');
    this.setConnectionState(up ? 'CONNECTED' : 'DISCONNECTED');
  }

  #candidatePair(path: Path): Record<string, unknown> {
    const { protocol, address, port } = path;
    const localCandidate = localCandidateFor(path, this.#announced.all) ?? '';
    // The peer's candidate as it shows itself here: its own foundation and type stay with the peer (RFC 8445, 7.3.1.3).
    const remoteCandidate = writeCandidate({
      foundation: 'prflx',
      component: COMPONENT_ID,
      transport: protocol,
      priority: 1,
      address,
      port,
      type: 'prflx',
      ...(protocol === 'tcp' ? { tcpType: 'active' as const } : {}),
    });
    return { streamId: String(STREAM_ID), componentId: COMPONENT_ID, localCandidate, remoteCandidate };
  }

  #dtlsConnection(state: DtlsState): Record<string, unknown> {
    return {
      streamId: String(STREAM_ID),
      componentId: String(COMPONENT_ID),
      connectionId: this.#connectionId,
      state: state.toUpperCase(),
    };
  }
}

function acceptedLines(negotiation: Negotiation | undefined): CandidateLine[] {
  return negotiation?.media.filter(({ accepted }) => accepted) ?? [];
}

/** Which way media goes in an offer; undefined: none. */
function directionOf(recvonly: boolean, sendonly: boolean): OfferedLines['direction'] | undefined {
  if (recvonly) return sendonly ? undefined : 'recvonly';
  return sendonly ? 'sendonly' : 'sendrecv';
}

/** Not 0, which means "none" to this code and to peers. */
function randomSsrc(): number {
  return randomInt(1, 2 ** 32);
}
