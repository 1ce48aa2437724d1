// The server's end of one peer connection below the tracks: ICE-lite, then DTLS, then SRTP, on the shared media port.
// Takes datagrams and hands on clear RTP and RTCP; takes clear packets and sends them protected to the selected address.
import type { Logger } from 'pino';
import {
  IceConsent,
  IceLiteAgent,
  randomIceCredentials,
  SrtpReceiver,
  SrtpSender,
  type DtlsRole,
  type Fingerprint,
  type IceCredentials,
  type SrtpKeys,
  type SrtpProfile,
} from '@parley/rtc';
import {
  candidateOutside,
  candidatesAt,
  chooseAddresses,
  EVERY_ADDRESS,
  type AddressChoice,
  type AnnouncedCandidates,
} from './announced-candidates.ts';
import type { DtlsCertificate } from './certificate.ts';
import { DtlsSession, type DtlsState } from './dtls-session.ts';
import { DEFAULT_MAX_RECEIVE_BITRATE, FloodGate, type Flood } from './flood-gate.ts';
import { HalfOpenHandshakes } from './half-open-handshakes.ts';
import type { DatagramHandler, DatagramKind, MediaPort } from './media-port.ts';
import type { StunServer } from './outside-addresses.ts';
import { SendQueue } from './packet-sender.ts';
import type { Path } from './path.ts';
import { WayToLitePeer } from './way-to-lite-peer.ts';

export type IceState = ReturnType<IceLiteAgent['state']>;

/** What a transport tells its endpoint. The packets are clear, and the receiver's to keep. */
export interface WebRtcTransportListener {
  onRtp(packet: Buffer, now: number): void;
  onRtcp(packet: Buffer, now: number): void;
  onIceState(state: IceState): void;
  /** The peer has moved to a path of the credentials that the last restart gave. */
  onIceRestarted(): void;
  onSelectedPath(path: Path): void;
  onDtlsState(state: DtlsState, reason: string | undefined): void;
  /** What came under DTLS itself: one packet of SCTP. Absent: there are no data channels. */
  onData?(bytes: Buffer): void;
  /** The peer sends more than is taken. Told once a minute at most; absent: to nobody. */
  onFlood?(flood: Flood): void;
}

export interface RemoteTransportParameters {
  /** Undefined: checks with any remote user name pass, as long as they know our password. */
  readonly ice: { readonly ufrag: string; readonly pwd: string } | undefined;
  readonly fingerprint: Fingerprint | undefined;
  /** Ours in DTLS. */
  readonly role: DtlsRole;
  /** Whether the peer is ICE-lite too, so that checks have to come from here. */
  readonly lite?: boolean;
}

/** What came out of the handshake; each undefined as long as it is not known. */
export interface DtlsDetails {
  /** IANA's name. */
  readonly cipherSuite: string | undefined;
  readonly failure: string | undefined;
  readonly srtpProfile: SrtpProfile | undefined;
}

/** Makes the transports of one media port and knows what they have in common. */
export class WebRtcTransportFactory {
  readonly #port: MediaPort;
  readonly #queue: SendQueue;
  readonly #handshakes = new HalfOpenHandshakes();
  readonly #announcedIps: readonly string[];
  readonly #log: Logger;
  readonly #maxReceiveBitrate: number;
  readonly certificate: DtlsCertificate;

  /** `maxReceiveBitrate`: of RTP that is taken from one peer, in bit/s; see flood-gate.ts. */
  constructor(
    port: MediaPort,
    announcedIps: readonly string[],
    certificate: DtlsCertificate,
    log: Logger,
    maxReceiveBitrate = DEFAULT_MAX_RECEIVE_BITRATE,
  ) {
    this.#port = port;
    this.#queue = new SendQueue(port);
    this.#announcedIps = announcedIps;
    this.certificate = certificate;
    this.#log = log;
    this.#maxReceiveBitrate = maxReceiveBitrate;
  }

  /** Where an endpoint that chooses so is reached. */
  candidates(choice: AddressChoice = EVERY_ADDRESS): AnnouncedCandidates {
    return candidatesAt(chooseAddresses(this.#announcedIps, choice), this.#port.port, choice.tcp);
  }

  /** The candidate that a STUN server knows besides `told`; undefined: none, or it does not answer. */
  async candidateOutside(server: StunServer, told: readonly string[]): Promise<string | undefined> {
    const outside = await this.#port.outside.ask(server, performance.now());
    return outside && candidateOutside(outside, server, told);
  }

  create(listener: WebRtcTransportListener): WebRtcTransport {
    const common = {
      port: this.#port,
      queue: this.#queue,
      handshakes: this.#handshakes,
      certificate: this.certificate,
      maxReceiveBitrate: this.#maxReceiveBitrate,
      log: this.#log,
    };
    return new WebRtcTransport(common, listener);
  }
}

/** What the transports of one media port share. */
export interface TransportCommon {
  readonly port: MediaPort;
  readonly queue: SendQueue;
  readonly handshakes: HalfOpenHandshakes;
  readonly certificate: DtlsCertificate;
  readonly maxReceiveBitrate: number;
  readonly log: Logger;
}

/** A browser with ten addresses gathers about forty for a bundled offer. */
const MAX_EARLY_CANDIDATES = 64;

export class WebRtcTransport implements DatagramHandler {
  readonly #common: TransportCommon;
  readonly #listener: WebRtcTransportListener;
  readonly #ice: IceLiteAgent<Path>;
  readonly #gate: FloodGate;
  #local = randomIceCredentials();
  /** Under which the media port knows this transport. */
  readonly #ufrags = new Set<string>();
  #dtls: DtlsSession | undefined;
  #sender: SrtpSender | undefined;
  #receiver: SrtpReceiver | undefined;
  #srtpProfile: SrtpProfile | undefined;
  #iceState: IceState = 'new';
  #hasConsent = false;
  #path: Path | undefined;
  #takesTcp = true;
  #wayToLitePeer: WayToLitePeer | undefined;
  /** Of a peer that sends checks, at least at first. */
  #consent: IceConsent<Path> | undefined;
  /** Of the peer, before it is known whether it needs our checks. */
  readonly #early: string[] = [];
  #closed = false;

  constructor(common: TransportCommon, listener: WebRtcTransportListener) {
    this.#common = common;
    this.#listener = listener;
    this.#ice = new IceLiteAgent({ localUfrag: this.#local.ufrag, localPwd: this.#local.pwd });
    this.#gate = new FloodGate(common.maxReceiveBitrate, (flood) => listener.onFlood?.(flood));
  }

  /** Those of the last restart. */
  get local(): IceCredentials {
    return this.#local;
  }

  get iceState(): IceState {
    return this.#iceState;
  }

  get dtlsState(): DtlsState {
    return this.#dtls?.state ?? 'new';
  }

  get dtlsDetails(): DtlsDetails {
    const dtls = this.#dtls;
    return { cipherSuite: dtls?.cipherSuite, failure: dtls?.failure, srtpProfile: this.#srtpProfile };
  }

  /** The way to the peer that is used. */
  get path(): Path | undefined {
    return this.#path;
  }

  /** Packets of RTP and RTCP that were dropped because the peer sent more than is taken. */
  get dropped(): number {
    return this.#gate.dropped;
  }

  /** Starts listening for the peer that the SDP described. */
  start(remote: RemoteTransportParameters): void {
    if (remote.ice) this.#ice.setRemote(remote.ice);
    this.#dtls = new DtlsSession({
      role: remote.role,
      certificate: this.#common.certificate,
      handshakes: this.#common.handshakes,
      remoteFingerprint: remote.fingerprint,
      send: (datagram) => this.#send(datagram),
      onState: (state, reason) => {
        if (reason !== undefined) this.#common.log.warn({ reason }, 'DTLS failed');
        this.#listener.onDtlsState(state, reason);
      },
      onData: (bytes) => this.#listener.onData?.(bytes),
      onKeys: (send: SrtpKeys, receive: SrtpKeys) => {
        this.#srtpProfile = send.profile;
        this.#sender = new SrtpSender(send);
        this.#receiver = new SrtpReceiver(receive);
        this.#ice.demandProof();
      },
    });
    this.#register(this.#local.ufrag);
    const early = this.#early.splice(0);
    if (!remote.ice) return;
    if (!remote.lite) {
      this.#consent = new IceConsent(this.#local, remote.ice);
      return;
    }
    this.#wayToLitePeer = new WayToLitePeer({
      local: this.#local,
      remote: remote.ice,
      log: this.#common.log,
      onAnswered: (path, now) => this.#follow(this.#ice.answered(path, now), this.#ice.restarting, now),
      onPacket: (kind, bytes, path, now) => this.handleDatagram(kind, bytes, path, now),
    });
    for (const line of early) this.addRemoteCandidate(line);
  }

  /** Takes a candidate of the peer, as it stands in its SDP or comes later: where the peer sends the checks, it needs none. */
  addRemoteCandidate(line: string): void {
    if (this.#wayToLitePeer) void this.#wayToLitePeer.add(line, performance.now());
    else if (!this.#dtls && this.#early.length < MAX_EARLY_CANDIDATES) this.#early.push(line);
  }

  /** Whether the peer is ICE-lite too, and this side sends the checks. */
  get checksPeer(): boolean {
    return this.#wayToLitePeer !== undefined;
  }

  /**
   * Takes the peer's new credentials and makes new ones of ours (RFC 8445, section 9). DTLS and SRTP go on; so do the
   * former path and credentials, until the peer has moved, or has not been heard of on that path for half a minute. `now` in ms.
   */
  restartIce(remote: { readonly ufrag: string; readonly pwd: string }, now: number): void {
    this.#local = randomIceCredentials();
    this.#ice.restart(this.#local, remote.ufrag, now);
    if (this.#consent) this.#consent = new IceConsent(this.#local, remote);
    this.#withdrawFormer();
    this.#register(this.#local.ufrag);
    this.#updateIce(now);
  }

  /** Whether checks that come over TCP are answered; what stands already stays. */
  set takesTcp(takesTcp: boolean) {
    this.#takesTcp = takesTcp;
  }

  /** Whether the peer is to use TCP, even where UDP works. */
  set tcpOnly(tcpOnly: boolean) {
    this.#ice.tcpOnly = tcpOnly;
  }

  handleDatagram(kind: DatagramKind, bytes: Buffer, path: Path, now: number): boolean {
    if (this.#closed) return false;
    switch (kind) {
      case 'rtp': {
        if (this.#gate.isShut('rtp', now)) return false;
        const packet = this.#receiver?.unprotectRtp(bytes);
        if (!packet) return false;
        this.#gate.passed('rtp', bytes.length, now);
        if (path !== this.#path) this.#handleProof(path, now);
        this.#listener.onRtp(packet, now);
        return false;
      }
      case 'rtcp': {
        if (this.#gate.isShut('rtcp', now)) return false;
        const packet = this.#receiver?.unprotectRtcp(bytes);
        if (!packet) return false;
        this.#gate.passed('rtcp', bytes.length, now);
        if (path !== this.#path) this.#handleProof(path, now);
        this.#listener.onRtcp(packet, now);
        return false;
      }
      case 'stun':
        return this.#handleStun(bytes, path, now);
      case 'dtls':
        this.#dtls?.handleDatagram(bytes, now);
        return false;
      case 'unknown':
        return false;
    }
  }

  holds(path: Path, now: number): boolean {
    return this.#path === path && this.#ice.state(now) === 'connected';
  }

  pathClosed(path: Path, now: number): void {
    this.#ice.forget(path);
    if (this.#path === path) this.#select(this.#ice.selected);
    this.#updateIce(now);
  }

  /** Protects and sends one clear RTP packet whose header, with extensions, is `headerLength` bytes long. */
  sendRtp(packet: Buffer, headerLength: number): void {
    if (this.#sender && this.#path) this.#send(this.#sender.protectRtp(packet, headerLength));
  }

  /** Protects and sends one clear compound RTCP packet. */
  sendRtcp(packet: Buffer): void {
    if (this.#sender && this.#path) this.#send(this.#sender.protectRtcp(packet));
  }

  /** Sends one packet of SCTP under DTLS; at most what fits into one datagram. Dropped unless DTLS is connected. */
  sendData(bytes: Buffer): void {
    if (this.#path) this.#dtls?.sendData(bytes);
  }

  tick(now: number): void {
    this.#wayToLitePeer?.tick(now);
    if (this.#ice.expire(now)) this.#withdrawFormer();
    this.#askForConsent(now);
    this.#updateIce(now);
    this.#dtls?.tick(now);
  }

  /** Forgets the peer: nothing of it is heard or answered any more. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const ufrag of this.#ufrags) this.#common.port.unregister(ufrag);
    this.#ufrags.clear();
    this.#dtls?.close();
    this.#wayToLitePeer?.close();
    this.#sender = undefined;
    this.#receiver = undefined;
  }

  #register(ufrag: string): void {
    this.#ufrags.add(ufrag);
    this.#common.port.register(ufrag, this);
  }

  #withdrawFormer(): void {
    for (const ufrag of this.#ufrags) {
      if (this.#ice.accepts(ufrag)) continue;
      this.#ufrags.delete(ufrag);
      this.#common.port.withdraw(ufrag);
    }
  }

  #handleStun(bytes: Buffer, path: Path, now: number): boolean {
    if (path.protocol === 'tcp' && !this.#takesTcp) return false;
    if (this.#consent?.handleAnswer(bytes, path)) {
      this.#ice.consented(path, now);
      this.#updateIce(now);
      return this.#ice.isAuthenticated(path);
    }
    const wasRestarting = this.#ice.restarting;
    const { response, selected } = this.#ice.handleStun(bytes, path, now);
    if (response) this.#common.queue.push(response, path);
    this.#follow(selected, wasRestarting, now);
    return this.#ice.isAuthenticated(path);
  }

  /** Between the generations of a restart it is the peer's turn: it checks them itself. */
  #askForConsent(now: number): void {
    if (!this.#path || this.#ice.restarting) return;
    const question = this.#consent?.due(this.#path, this.#ice.silence(now), now);
    if (question) this.#common.queue.push(question, this.#path);
  }

  /** Off the packet path: media came from elsewhere than it is sent to. */
  #handleProof(path: Path, now: number): void {
    const wasRestarting = this.#ice.restarting;
    const selected = this.#ice.proved(path);
    if (selected) this.#follow(selected, wasRestarting, now);
  }

  #follow(selected: boolean, wasRestarting: boolean, now: number): void {
    if (selected) this.#select(this.#ice.selected);
    this.#updateIce(now);
    if (this.#path) this.#dtls?.begin(now);
    if (!wasRestarting || this.#ice.restarting) return;
    this.#withdrawFormer();
    this.#listener.onIceRestarted();
  }

  #select(path: Path | undefined): void {
    this.#path = path;
    if (path) this.#listener.onSelectedPath(path);
  }

  #updateIce(now: number): void {
    this.#hasConsent = this.#ice.hasConsent(now);
    const state = this.#ice.state(now);
    if (this.#iceState === state) return;
    this.#iceState = state;
    this.#listener.onIceState(state);
  }

  #send(bytes: Buffer): void {
    // Consent has run out: whoever is at that address now has not asked for this (RFC 7675, section 5.1).
    if (this.#path && this.#hasConsent) this.#common.queue.push(bytes, this.#path);
  }
}
