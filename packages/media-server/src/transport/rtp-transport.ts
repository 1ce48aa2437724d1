// The way of one m-line of plain RTP: two UDP ports here, one place there, SRTP between them where SDES gave keys. Takes
// datagrams and hands on clear packets; takes clear packets and sends them to the place that SDP named and nowhere else.
import type { RemoteInfo } from 'node:dgram';
import type { Logger } from 'pino';
import {
  classifyDatagram,
  SrtpReceiver,
  SrtpSender,
  type PlainPlace,
  type SrtpKeys,
  type SrtpSuite,
} from '@parley/rtc';
import { FloodGate, type Flood } from './flood-gate.ts';
import { plainAddress } from './path.ts';
import type { RtpPortPair } from './rtp-ports.ts';
import { SrtpKeyUse, type SrtpKeyLimits } from './srtp-key-use.ts';

/** The packets are clear, and the receiver's to keep. */
export interface RtpTransportListener {
  onRtp(packet: Buffer, now: number): void;
  onRtcp(packet: Buffer, now: number): void;
  /** It is known where to send. */
  onConnected(): void;
  onKeySoftLimit(): void;
  /** The peer sends more than is taken. Told once a minute at most. */
  onFlood(flood: Flood): void;
}

/** What SDP said of the far side. */
export interface RtpPeer {
  /** Undefined when it receives nothing, or when it comes to us. */
  readonly place: PlainPlace | undefined;
  /** Whether its place is learned from its first packet (docs/decisions/0022-where-plain-rtp-goes.md). */
  readonly comesToUs: boolean;
  readonly rtcpMux: boolean;
  readonly keys: { readonly send: SrtpKeys<SrtpSuite>; readonly receive: SrtpKeys<SrtpSuite> } | undefined;
  /** Those that were agreed on: nothing else makes a sender the peer. */
  readonly payloadTypes: ReadonlySet<number>;
}

export interface RtpTransportCommon {
  readonly log: Logger;
  readonly keyLimits: SrtpKeyLimits;
  /** Of RTP that is taken from one peer, in bit/s; see flood-gate.ts. */
  readonly maxReceiveBitrate: number;
  /** Addresses of this machine: a peer that SDP calls 127.0.0.1 may well show itself by one of them. */
  ownAddresses(): readonly string[];
}

/** A place as far as it is known. */
interface Destination {
  readonly address: string;
  port: number | undefined;
  rtcpPort: number | undefined;
  /** Which of the ports are the peer's word, or were seen; the others are guesses that its first packet may mend. */
  readonly settled: { rtp: boolean; rtcp: boolean };
}

export class RtpTransport {
  readonly #ports: RtpPortPair;
  readonly #common: RtpTransportCommon;
  readonly #listener: RtpTransportListener;
  /** Kept apart: asking a closed socket for them would throw. */
  readonly ports: { readonly rtp: number; readonly rtcp: number };
  #peer: RtpPeer | undefined;
  #destination: Destination | undefined;
  #sender: SrtpSender | undefined;
  #receiver: SrtpReceiver | undefined;
  readonly #sendKey: SrtpKeyUse;
  readonly #receiveKey: SrtpKeyUse;
  readonly #gate: FloodGate;
  #strangerTold = false;
  #faultTold = false;
  #closed = false;

  constructor(ports: RtpPortPair, common: RtpTransportCommon, listener: RtpTransportListener) {
    this.#ports = ports;
    this.#common = common;
    this.#listener = listener;
    this.ports = { rtp: ports.rtp.address().port, rtcp: ports.rtcp.address().port };
    const nearlyUsedUp = () => listener.onKeySoftLimit();
    this.#sendKey = new SrtpKeyUse(common.keyLimits, nearlyUsedUp);
    this.#receiveKey = new SrtpKeyUse(common.keyLimits, nearlyUsedUp);
    this.#gate = new FloodGate(common.maxReceiveBitrate, (flood) => listener.onFlood(flood));
    for (const socket of [ports.rtp, ports.rtcp]) {
      socket.on('message', (bytes, from) => this.#receive(bytes, from));
      // An address that cannot be reached from here, for instance.
      socket.on('error', (err) => common.log.debug({ err }, 'a socket of plain RTP failed'));
    }
  }

  get isConnected(): boolean {
    return this.#destination !== undefined;
  }

  /** Begins with the peer as SDP describes it. Packets that came before are gone. */
  start(peer: RtpPeer): void {
    this.#peer = peer;
    if (peer.keys) {
      this.#sender = new SrtpSender(peer.keys.send);
      this.#receiver = new SrtpReceiver(peer.keys.receive);
    }
    if (peer.place) this.#connect({ ...peer.place, settled: { rtp: true, rtcp: true } });
  }

  /** Sends one clear RTP packet whose header, with extensions, is `headerLength` bytes long. The buffer is only lent. */
  sendRtp(packet: Buffer, headerLength: number): void {
    const { address, port } = this.#destination ?? {};
    if (this.#closed || address === undefined || port === undefined) return;
    if (this.#sender && !this.#sendKey.take('rtp')) return;
    // A copy: while the socket is full, what is sent waits, and the buffer is used again meanwhile.
    const bytes = this.#sender?.protectRtp(packet, headerLength) ?? Buffer.from(packet);
    this.#ports.rtp.send(bytes, 0, bytes.length, port, address);
  }

  /** Sends one clear compound RTCP packet. */
  sendRtcp(packet: Buffer): void {
    const { address, rtcpPort } = this.#destination ?? {};
    if (this.#closed || address === undefined || rtcpPort === undefined) return;
    if (this.#sender && !this.#sendKey.take('rtcp')) return;
    const bytes = this.#sender?.protectRtcp(packet) ?? packet;
    const socket = this.#peer?.rtcpMux ? this.#ports.rtp : this.#ports.rtcp;
    socket.send(bytes, 0, bytes.length, rtcpPort, address);
  }

  /** Gives the ports back. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ports.rtp.close();
    this.#ports.rtcp.close();
    this.#sender = undefined;
    this.#receiver = undefined;
  }

  /** What one peer sends must not end the calls of all others, whatever was overlooked in its handler. */
  #receive(bytes: Buffer, from: RemoteInfo): void {
    try {
      this.#handle(bytes, plainAddress(from.address), from.port);
    } catch (error) {
      if (this.#faultTold) return;
      this.#faultTold = true;
      this.#common.log.error({ err: error }, 'handling a packet of plain RTP failed');
    }
  }

  #handle(bytes: Buffer, address: string, port: number): void {
    const peer = this.#peer;
    const kind = classifyDatagram(bytes);
    if (!peer || this.#closed || (kind !== 'rtp' && kind !== 'rtcp')) return;
    // With keys the packet itself proves where it comes from.
    if (!peer.keys && !this.#mayBePeer(address)) return this.#tellOfStranger(address);
    const now = performance.now();
    if (this.#gate.isShut(kind, now)) return;
    const clear = this.#unprotect(bytes, kind);
    if (!clear) return;
    this.#gate.passed(kind, bytes.length, now);
    if (peer.comesToUs) this.#learn(clear, kind, address, port);
    if (kind === 'rtp') this.#listener.onRtp(clear, now);
    else this.#listener.onRtcp(clear, now);
  }

  #unprotect(bytes: Buffer, kind: 'rtp' | 'rtcp'): Buffer | undefined {
    if (!this.#receiver) return bytes;
    const clear = kind === 'rtp' ? this.#receiver.unprotectRtp(bytes) : this.#receiver.unprotectRtcp(bytes);
    return clear && this.#receiveKey.take(kind) ? clear : undefined;
  }

  #mayBePeer(address: string): boolean {
    const known = this.#destination?.address;
    if (known === undefined) return this.#peer?.comesToUs ?? false;
    return known === address || (isLoopback(known) && this.#common.ownAddresses().includes(address));
  }

  /** Of a peer that comes to us: the first packet says its host, for good, and the first of each kind the port. */
  #learn(clear: Buffer, kind: 'rtp' | 'rtcp', address: string, port: number): void {
    const peer = this.#peer;
    const known = this.#destination;
    if (!peer || (kind === 'rtp' && !peer.payloadTypes.has(clear[1] & 0x7f))) return;
    if (!known) {
      const isRtp = kind === 'rtp' || peer.rtcpMux;
      this.#connect({
        address,
        port: isRtp ? port : neighbour(port, -1),
        rtcpPort: isRtp && !peer.rtcpMux ? neighbour(port, 1) : port,
        settled: { rtp: isRtp, rtcp: !isRtp || peer.rtcpMux },
      });
    } else if (known.address === address && !known.settled[kind]) {
      known.settled[kind] = true;
      if (kind === 'rtp') known.port = port;
      else known.rtcpPort = port;
    }
  }

  #connect(destination: Destination): void {
    this.#destination = destination;
    this.#listener.onConnected();
  }

  #tellOfStranger(address: string): void {
    if (this.#strangerTold) return;
    this.#strangerTold = true;
    const named = this.#destination?.address;
    this.#common.log.warn(
      { from: address, named, port: this.ports.rtp },
      'packets of a host that the SDP does not name are dropped: name it in the c-line, or say a=setup:active',
    );
  }
}

/** The other port of a pair, as long as nothing better is known. */
function neighbour(port: number, distance: 1 | -1): number | undefined {
  const other = port + distance;
  return other > 0 && other < 65_536 ? other : undefined;
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
