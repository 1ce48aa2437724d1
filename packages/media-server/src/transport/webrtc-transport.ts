// The server's end of one peer connection below the tracks: ICE-lite, then DTLS, then SRTP, on the shared media port.
// Takes datagrams and hands on clear RTP and RTCP; takes clear packets and sends them protected to the selected address.
import type { Logger } from 'pino';
import {
  hostCandidate,
  writeCandidate,
  IceLiteAgent,
  randomIceCredentials,
  SrtpReceiver,
  SrtpSender,
  type Fingerprint,
  type SrtpKeys,
} from '@parley/rtc';
import type { DtlsCertificate } from './certificate.ts';
import { DtlsSession, type DtlsState } from './dtls-session.ts';
import type { DatagramHandler, DatagramKind, MediaPort } from './media-port.ts';
import { SendQueue } from './packet-sender.ts';

export type IceState = ReturnType<IceLiteAgent['state']>;

export interface Address {
  readonly address: string;
  readonly port: number;
}

/** What a transport tells its endpoint. The packets are clear, and the receiver's to keep. */
export interface WebRtcTransportListener {
  onRtp(packet: Buffer, now: number): void;
  onRtcp(packet: Buffer, now: number): void;
  onIceState(state: IceState): void;
  onSelectedAddress(remote: Address): void;
  onDtlsState(state: DtlsState, reason: string | undefined): void;
}

export interface RemoteTransportParameters {
  /** Undefined: checks with any remote user name pass, as long as they know our password. */
  readonly ice: { readonly ufrag: string; readonly pwd: string } | undefined;
  readonly fingerprint: Fingerprint | undefined;
}

/** Makes the transports of one media port and knows what they have in common. */
export class WebRtcTransportFactory {
  readonly #port: MediaPort;
  readonly #queue: SendQueue;
  readonly #announcedIps: readonly string[];
  readonly #log: Logger;
  readonly certificate: DtlsCertificate;

  constructor(port: MediaPort, announcedIps: readonly string[], certificate: DtlsCertificate, log: Logger) {
    this.#port = port;
    this.#queue = new SendQueue(port);
    this.#announcedIps = announcedIps;
    this.certificate = certificate;
    this.#log = log;
  }

  /** Candidate lines for the SDP, without `a=`: the media port at each announced address (RFC 8839, section 5.1). */
  get candidates(): string[] {
    return this.#announcedIps.map((ip, index) =>
      writeCandidate(hostCandidate(ip, this.#port.port, { localPreference: 65_535 - index })),
    );
  }

  create(listener: WebRtcTransportListener): WebRtcTransport {
    return new WebRtcTransport(this.#port, this.#queue, this.certificate, listener, this.#log);
  }
}

export class WebRtcTransport implements DatagramHandler {
  readonly local = randomIceCredentials();
  readonly #port: MediaPort;
  readonly #queue: SendQueue;
  readonly #certificate: DtlsCertificate;
  readonly #listener: WebRtcTransportListener;
  readonly #log: Logger;
  readonly #ice: IceLiteAgent;
  #dtls: DtlsSession | undefined;
  #sender: SrtpSender | undefined;
  #receiver: SrtpReceiver | undefined;
  #iceState: IceState = 'new';
  #remoteAddress: Address | undefined;
  #closed = false;

  constructor(
    port: MediaPort,
    queue: SendQueue,
    certificate: DtlsCertificate,
    listener: WebRtcTransportListener,
    log: Logger,
  ) {
    this.#port = port;
    this.#queue = queue;
    this.#certificate = certificate;
    this.#listener = listener;
    this.#log = log;
    this.#ice = new IceLiteAgent({ localUfrag: this.local.ufrag, localPwd: this.local.pwd });
  }

  get iceState(): IceState {
    return this.#iceState;
  }

  get dtlsState(): DtlsState {
    return this.#dtls?.state ?? 'new';
  }

  get remoteAddress(): Address | undefined {
    return this.#remoteAddress;
  }

  /** Starts listening for the peer that the SDP described. */
  start(remote: RemoteTransportParameters): void {
    if (remote.ice) this.#ice.setRemote(remote.ice);
    this.#dtls = new DtlsSession({
      certificate: this.#certificate,
      remoteFingerprint: remote.fingerprint,
      send: (datagram) => this.#send(datagram),
      onState: (state, reason) => {
        if (reason !== undefined) this.#log.warn({ reason }, 'DTLS failed');
        this.#listener.onDtlsState(state, reason);
      },
      onKeys: (send: SrtpKeys, receive: SrtpKeys) => {
        this.#sender = new SrtpSender(send);
        this.#receiver = new SrtpReceiver(receive);
      },
    });
    this.#port.register(this.local.ufrag, this);
  }

  handleDatagram(kind: DatagramKind, bytes: Buffer, address: string, port: number, now: number): boolean {
    if (this.#closed) return false;
    switch (kind) {
      case 'rtp': {
        const packet = this.#receiver?.unprotectRtp(bytes);
        if (packet) this.#listener.onRtp(packet, now);
        return false;
      }
      case 'rtcp': {
        const packet = this.#receiver?.unprotectRtcp(bytes);
        if (packet) this.#listener.onRtcp(packet, now);
        return false;
      }
      case 'stun':
        return this.#handleStun(bytes, address, port, now);
      case 'dtls':
        this.#dtls?.handleDatagram(bytes, now);
        return false;
      case 'unknown':
        return false;
    }
  }

  holds(address: string, port: number, now: number): boolean {
    const remote = this.#remoteAddress;
    return remote?.address === address && remote.port === port && this.#ice.state(now) === 'connected';
  }

  /** Protects and sends one clear RTP packet whose header, with extensions, is `headerLength` bytes long. */
  sendRtp(packet: Buffer, headerLength: number): void {
    if (this.#sender && this.#remoteAddress) this.#send(this.#sender.protectRtp(packet, headerLength));
  }

  /** Protects and sends one clear compound RTCP packet. */
  sendRtcp(packet: Buffer): void {
    if (this.#sender && this.#remoteAddress) this.#send(this.#sender.protectRtcp(packet));
  }

  tick(now: number): void {
    this.#setIceState(this.#ice.state(now));
    this.#dtls?.tick(now);
  }

  /** Forgets the peer: nothing of it is heard or answered any more. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.unregister(this.local.ufrag);
    this.#dtls?.close();
    this.#sender = undefined;
    this.#receiver = undefined;
  }

  #handleStun(bytes: Buffer, address: string, port: number, now: number): boolean {
    const source = { protocol: 'udp', address, port } as const;
    const { response, selected } = this.#ice.handleStun(bytes, source, now);
    if (response) this.#queue.push(response, address, port);
    if (selected && this.#ice.selected) {
      this.#remoteAddress = this.#ice.selected;
      this.#listener.onSelectedAddress(this.#remoteAddress);
    }
    this.#setIceState(this.#ice.state(now));
    return this.#ice.isAuthenticated(source);
  }

  #setIceState(state: IceState): void {
    if (this.#iceState === state) return;
    this.#iceState = state;
    this.#listener.onIceState(state);
  }

  #send(bytes: Buffer): void {
    const remote = this.#remoteAddress;
    // Consent has run out: whoever is at that address now has not asked for this (RFC 7675, section 5.1).
    if (remote && this.#iceState !== 'failed') this.#queue.push(bytes, remote.address, remote.port);
  }
}
