// The media server's end of one peer connection, as Kurento clients see it: SDP in, answer out, then states and events.
// Joins what its neighbours do: agreeing (`webrtc-negotiation.ts`), candidates (`own-candidates.ts`,
// `candidate-gathering.ts`), states (`webrtc-states.ts`). The bytes are the transport's, the packets the RTP session's.
import { randomInt } from 'node:crypto';
import { KurentoError, type LegDiagnosis } from '@parley/protocol';
import {
  awaitingCandidates,
  parseCandidate,
  readRemoteIce,
  withLateCandidates,
  type LocalSession,
  type Negotiation,
  type OfferedLines,
} from '@parley/rtc';
import type { DataSink, DataSource } from '../data/data-flow.ts';
import { PeerData } from '../data/peer-data.ts';
import { RtpSession } from '../forwarding/rtp-session.ts';
import type { MediaKind, MediaSink, MediaSource } from '../forwarding/track.ts';
import type { DtlsState } from '../transport/dtls-session.ts';
import { Relay } from '../transport/relay.ts';
import type { IceState, WebRtcTransport } from '../transport/webrtc-transport.ts';
import { CandidateGathering, type IceCandidateValue } from './candidate-gathering.ts';
import { CodecMismatch } from './codec-mismatch.ts';
import { floodError } from './flood-error.ts';
import { diagnoseLeg } from './leg-diagnosis.ts';
import type { StatsRecord } from './media-element.ts';
import type { ObjectContext } from './media-object.ts';
import { OwnCandidates } from './own-candidates.ts';
import { tellOfDscp } from './qos-dscp.ts';
import { rtpStats } from './rtp-stats.ts';
import type { OfferOptions } from './sdp-endpoint.ts';
import { WebRtcNegotiation } from './webrtc-negotiation.ts';
import { WebRtcSettings } from './webrtc-settings.ts';
import { WebRtcStates } from './webrtc-states.ts';

/** Parley's own: which candidates the answer to a restart offers. */
export type RestartVia = 'any' | 'tcp';

/** Without RTCP for this long the peer's media counts as gone, in ms; the original waits about as long. */
const RTCP_SILENCE_MS = 15_000;

export class WebRtcEndpoint extends WebRtcSettings {
  readonly #negotiation: WebRtcNegotiation;
  readonly #candidates: OwnCandidates;
  readonly #gathering: CandidateGathering;
  readonly #states: WebRtcStates;
  readonly #transport: WebRtcTransport;
  readonly #relay: Relay;
  readonly #session: RtpSession;
  /** Undefined: made without `useDataChannels`. */
  readonly #data: PeerData | undefined;
  readonly #offeredDirection: OfferedLines['direction'] | undefined;
  readonly #cname: string;
  readonly #mismatch: CodecMismatch;
  readonly #tick = (now: number): void => this.#onTick(now);
  #restarts = 0;

  constructor(context: ObjectContext, params: Record<string, unknown>) {
    super(context, 'WebRtcEndpoint');
    const { environment } = this;
    tellOfDscp(environment, params.qosDscp);
    this.#offeredDirection = directionOf(params.recvonly === true, params.sendonly === true);
    this.#negotiation = new WebRtcNegotiation(this.id);
    this.#transport = environment.transports.create({
      onRtp: (packet, now) => this.#session.handleRtp(packet, now),
      onRtcp: (packet, now) => this.#session.handleRtcp(packet, now),
      onIceState: (state) => this.#onIceState(state),
      onIceRestarted: () => this.#states.iceRestarted(),
      onSelectedPath: (path) => this.#states.pathSelected(path),
      onDtlsState: (state) => this.#onDtlsState(state),
      onData: (packet) => this.#data?.handlePacket(packet),
      onFlood: (flood) => {
        const error = floodError(flood);
        environment.log.warn({ endpoint: this.id, dropped: flood.dropped }, error.description);
        this.emit('Error', error);
      },
    });
    const { ufrag } = this.#transport.local;
    this.#cname = `user-${ufrag}@parley`;
    this.#relay = new Relay({
      log: environment.log.child({ endpoint: this.id }),
      onPacket: (kind, bytes, path, now) => this.#transport.handleDatagram(kind, bytes, path, now),
      onPathClosed: (path, now) => this.#transport.pathClosed(path, now),
      onLost: (candidate) => this.#candidates.forget(candidate),
    });
    this.#candidates = new OwnCandidates(environment.transports, this.#relay);
    this.#gathering = new CandidateGathering({
      onGathering: () => this.#states.gathering(),
      onCandidate: (candidate) => this.emit('IceCandidateFound', { candidate }),
      findMore: (told) => this.#findMore(told),
      onGathered: () => this.#states.gathered(),
    });
    this.#states = new WebRtcStates({
      transport: this.#transport,
      ufrag,
      ownCandidates: () => this.#candidates.all,
      emit: (event, data) => this.emit(event, data),
      onConnection: (state) => this.setConnectionState(state),
    });
    if (params.useDataChannels === true)
      this.#data = new PeerData({
        endpoint: this.id,
        log: environment.log,
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
    this.#mismatch = new CodecMismatch((error, kind) => {
      environment.log.warn({ endpoint: this.id, kind }, error.description);
      this.emit('Error', { ...error });
    });
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
    this.#refuseHopelessRestart();
    const request = this.#negotiation.readRestart(offer);
    const candidates = via === 'tcp' ? this.#candidates.tcp : this.#candidates.all;
    if (candidates.length === 0) throw restartRefused(`iceTcp of '${this.id}' is off`);
    if (!request.isRepeated) {
      const { iceUfrag: ufrag, icePwd: pwd } = request.remote;
      this.#transport.restartIce({ ufrag, pwd }, performance.now());
      this.#restarts++;
    }
    this.#transport.tcpOnly = via === 'tcp';
    const { ufrag: iceUfrag, pwd: icePwd } = this.#transport.local;
    const answer = this.#negotiation.answerRestart(request, { iceUfrag, icePwd, candidates });
    this.#gathering.described(this.#negotiation.lines, candidates);
    this.renegotiated(offer, answer);
    this.environment.log.info({ endpoint: this.id, via, restarts: this.#restarts }, 'ICE restarted');
    return answer;
  }

  /** Parley's own operation: what is known of this connection. Cheap: nothing is measured for it. */
  getDiagnosis(): LegDiagnosis {
    const [transport, session, restarts] = [this.#transport, this.#session, this.#restarts];
    return diagnoseLeg({ transport, session, restarts, candidates: this.#candidates.all });
  }

  get ICECandidatePairs(): Record<string, unknown>[] {
    return this.#states.candidatePairs;
  }

  get IceConnectionState(): Record<string, unknown>[] {
    return this.#states.iceConnections;
  }

  get DtlsConnectionState(): Record<string, unknown>[] {
    return this.#states.dtlsConnections;
  }

  protected override negotiate(offer: string): string {
    const agreed = this.#negotiation.answerOffer(offer, this.#describeMyself());
    this.#start(agreed, offer);
    return this.#asGathered(agreed.answer);
  }

  protected override makeOffer(options: OfferOptions): string {
    const direction = this.#offeredDirection;
    if (direction === undefined) {
      const message = `'${this.id}' was made recvonly and sendonly: it has nothing to offer`;
      throw new KurentoError('SDP_END_POINT_GENERATE_OFFER_ERROR', message);
    }
    const { offerToReceiveAudio: audio, offerToReceiveVideo: video } = options;
    const offer = this.#negotiation.makeOffer(this.#describeMyself(), { audio, video, direction });
    return this.#asGathered(offer);
  }

  protected override acceptAnswer(answer: string): void {
    this.#start(this.#negotiation.readAnswer(answer), answer);
  }

  protected override onDescribed(): void {
    this.#gathering.described(this.#negotiation.lines, this.#candidates.all);
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

  /** Both sides are described: media may come. `description`: the peer's. */
  #start(agreed: Negotiation, description: string): void {
    const { iceUfrag, icePwd, fingerprint } = agreed.remote;
    this.#session.negotiate(agreed.media, this.#cname);
    this.#data?.negotiated(agreed.media, agreed.setup === 'passive');
    const ice = iceUfrag === undefined ? undefined : { ufrag: iceUfrag, pwd: icePwd ?? '' };
    this.#transport.takesTcp = this.iceTcp;
    const role = agreed.setup === 'active' ? 'client' : 'server';
    const { lite, candidates } = readRemoteIce(description);
    this.#transport.start({ ice, fingerprint, role, lite });
    for (const candidate of candidates) this.#addRemoteCandidate(candidate);
    this.environment.ticker.add(this.#tick);
  }

  #describeMyself(): LocalSession {
    this.#candidates.choose(this.addressChoice);
    return {
      sessionId: randomInt(2 ** 31),
      sessionName: 'Parley Media Server',
      iceUfrag: this.#transport.local.ufrag,
      icePwd: this.#transport.local.pwd,
      fingerprint: { algorithm: 'sha-256', value: this.environment.transports.certificate.fingerprint },
      candidates: this.#candidates.all,
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

  /** A description does not say that its candidates are all while a server is still to be asked for another. */
  #asGathered(description: string): string {
    return this.stunServer || this.turnServer ? awaitingCandidates(description) : description;
  }

  #findMore(told: readonly string[]): Promise<readonly string[]> | undefined {
    const servers = { stun: this.stunServer, turn: this.turnServer };
    return this.#candidates.findMore(told, servers)?.then((more) => {
      this.describedAgain(withLateCandidates(this.getLocalSessionDescriptor(), more));
      return more;
    });
  }

  #addRemoteCandidate(line: string): void {
    this.#transport.addRemoteCandidate(line);
    this.#relay.permit(line);
  }

  /** @throws KurentoError SDP_END_POINT_PROCESS_OFFER_ERROR */
  #refuseHopelessRestart(): void {
    const { dtlsState, checksPeer } = this.#transport;
    if (dtlsState === 'failed' || dtlsState === 'closed')
      throw restartRefused(
        `DTLS of '${this.id}' is ${dtlsState}, which no restart of ICE mends: make another endpoint`,
      );
    if (checksPeer)
      throw restartRefused(
        `The peer of '${this.id}' is ICE-lite, and lite peers do not restart: make another endpoint`,
      );
  }

  #onTick(now: number): void {
    this.#transport.tick(now);
    this.#session.maxVideoBitrate = this.maxVideoRecvBandwidth * 1000;
    this.#session.tick(now);
    for (const track of Object.values(this.#session.down)) this.#mismatch.check(track);
    const last = this.#session.lastRtcpAt;
    this.setMediaState(last !== undefined && now - last < RTCP_SILENCE_MS ? 'CONNECTED' : 'DISCONNECTED');
  }

  #onIceState(state: IceState): void {
    this.#states.iceIs(state);
    if (state === 'failed') this.emitSessionTerminated();
  }

  #onDtlsState(state: DtlsState): void {
    if (state === 'connected') this.#session.start();
    this.#states.dtlsIs(state);
    if (state !== 'closed' && state !== 'failed') return;
    this.#data?.close();
    this.emitSessionTerminated();
  }
}

function restartRefused(message: string): KurentoError {
  return new KurentoError('SDP_END_POINT_PROCESS_OFFER_ERROR', message);
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
