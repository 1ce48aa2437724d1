// The way to a peer that is ICE-lite like this server, and so sends no checks: a socket of its own from which they are sent.
// On the media port its packets could not be told from those of the next such peer: both have one address for everything.
import type { Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { Logger } from 'pino';
import {
  classifyDatagram,
  IceProber,
  ipAddressFromBytes,
  ipAddressToBytes,
  parseCandidate,
  type IceCredentials,
} from '@parley/rtc';
import type { DatagramKind } from './media-port.ts';
import { isHostAddress } from './outside-addresses.ts';
import type { Path } from './path.ts';
import { bindUdp } from './udp-socket.ts';

export interface WayToLitePeerOptions {
  readonly local: IceCredentials;
  readonly remote: IceCredentials;
  /** A candidate of the peer has answered, for the first time or again. */
  onAnswered(path: Path, now: number): void;
  /** What comes on a way that has answered, but for STUN. */
  onPacket(kind: DatagramKind, bytes: Buffer, path: Path, now: number): void;
  readonly log: Logger;
}

export class WayToLitePeer {
  readonly #options: WayToLitePeerOptions;
  readonly #prober: IceProber<Path>;
  readonly #answered = new Set<Path>();
  /** One for each version of IP, opened when a candidate asks for it. */
  readonly #sockets = new Map<4 | 6, Promise<Socket | undefined>>();
  #closed = false;

  constructor(options: WayToLitePeerOptions) {
    this.#options = options;
    this.#prober = new IceProber(options.local, options.remote);
  }

  /** Takes a candidate line of the peer; what cannot be reached by UDP at an address of one host is left out. `now` in ms. */
  async add(line: string, now: number): Promise<void> {
    const candidate = parseCandidate(line);
    if (!candidate || candidate.transport !== 'udp' || candidate.component !== 1 || candidate.port === 0)
      return;
    const { port } = candidate;
    if (isIP(candidate.address) === 0 || !isHostAddress(candidate.address)) return;
    // As sockets write it, or its answers would look like somebody else's.
    const address = ipAddressFromBytes(ipAddressToBytes(candidate.address));
    const socket = await this.#socketFor(address.includes(':') ? 6 : 4);
    if (!socket || this.#closed) return;
    const send = (packet: Buffer) => {
      if (!this.#closed) socket.send(packet, 0, packet.length, port, address);
    };
    this.#prober.add({ protocol: 'udp', address, port, send }, now);
  }

  /** Sends the checks that are due. `now` in ms. */
  tick(now: number): void {
    for (const { bytes, to } of this.#prober.due(now)) to.send(bytes);
  }

  /** Idempotent. What was sent before still leaves. */
  close(): void {
    if (this.#closed) return;
    setImmediate(() => {
      this.#closed = true;
      for (const opening of this.#sockets.values()) void opening.then((socket) => socket?.close());
    });
  }

  #socketFor(family: 4 | 6): Promise<Socket | undefined> {
    const known = this.#sockets.get(family);
    if (known) return known;
    const opening = bindUdp(family === 6 ? '::' : '0.0.0.0', 0).then(
      (socket) => {
        socket.on('message', (bytes, { address, port }) => this.#receive(bytes, address, port));
        // Nobody there, or no route: as good as no answer.
        socket.on('error', (err) => this.#options.log.debug({ err }, 'a packet to a lite peer was not sent'));
        return socket;
      },
      (err: unknown) => {
        this.#options.log.warn({ err, family }, 'no socket for a peer that is ICE-lite');
        return undefined;
      },
    );
    this.#sockets.set(family, opening);
    return opening;
  }

  #receive(bytes: Buffer, address: string, port: number): void {
    if (this.#closed) return;
    const now = performance.now();
    const kind = classifyDatagram(bytes);
    if (kind === 'stun') {
      const path = this.#prober.handleAnswer(bytes, { protocol: 'udp', address, port });
      if (!path) return;
      this.#answered.add(path);
      return this.#options.onAnswered(path, now);
    }
    for (const path of this.#answered)
      if (path.address === address && path.port === port) this.#options.onPacket(kind, bytes, path, now);
  }
}
