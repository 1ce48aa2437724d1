// A relay of this side: an allocation on a TURN server, and the paths to the peer that lead through it. Has a socket of its
// own, since a server knows its clients by their address. What comes out of it is the transport's business.
import type { Socket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';
import type { Logger } from 'pino';
import {
  classifyDatagram,
  ICE_MAX_SOURCES,
  parseCandidate,
  relayedCandidate,
  TurnClient,
  writeCandidate,
  type TransportAddress,
  type TurnClientEvent,
  type TurnCredentials,
} from '@parley/rtc';
import type { DatagramKind } from './media-port.ts';
import type { Path } from './path.ts';
import { bindUdp } from './udp-socket.ts';

/** `address`: an IP literal. */
export interface TurnServer extends TransportAddress, TurnCredentials {}

/** Remembered until the relay is opened. */
const MAX_HOSTS = 32;
/** Timers cannot wait longer, in ms. */
const LONGEST_WAIT_MS = 60_000;

export interface RelayOptions {
  readonly log: Logger;
  /** Gives true when the path is now known to lead to the peer. */
  onPacket(kind: DatagramKind, bytes: Buffer, path: Path, now: number): boolean;
}

export class Relay {
  readonly #options: RelayOptions;
  readonly #hosts = new Set<string>();
  /** By `address port`, oldest first; whether the peer is known to be at its end. */
  readonly #paths = new Map<string, { readonly path: Path; isOfPeer: boolean }>();
  #socket: Socket | undefined;
  #client: TurnClient | undefined;
  #timer: NodeJS.Timeout | undefined;
  #opening: Promise<TransportAddress | undefined> | undefined;
  #opened: (relayed: TransportAddress | undefined) => void = () => {};
  #closing: NodeJS.Immediate | undefined;
  #closed = false;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /**
   * Where the peer reaches this side through the server, as a candidate line; undefined: not at all. Opens the relay, and
   * gives the same when it is asked again. Takes some seconds at most.
   */
  async candidate(server: TurnServer): Promise<string | undefined> {
    if (this.#closing) return undefined;
    this.#opening ??= new Promise((resolve) => {
      this.#opened = resolve;
      void this.#open(server);
    });
    const relayed = await this.#opening;
    return relayed && writeCandidate(relayedCandidate(relayed, server.address));
  }

  /** Lets the host of a peer's candidate through; a name (mDNS) cannot be. */
  permit(line: string): void {
    const address = parseCandidate(line)?.address ?? '';
    if (isIP(address) === 0 || this.#hosts.size >= MAX_HOSTS) return;
    this.#hosts.add(address);
    this.#client?.permit(address);
    this.#pump();
  }

  /** Gives the allocation back. Idempotent. What was sent before still leaves. */
  close(): void {
    this.#opened(undefined);
    this.#closing ??= setImmediate(() => {
      this.#closed = true;
      clearTimeout(this.#timer);
      const farewell = this.#client?.release();
      const socket = this.#socket;
      if (farewell) socket?.send(farewell, () => socket.close());
      else socket?.close();
    });
  }

  async #open({ address, port, username, password }: TurnServer): Promise<void> {
    const { log } = this.#options;
    try {
      const socket = await bindUdp(isIPv6(address) ? '::' : '0.0.0.0', 0);
      if (this.#closed) return void socket.close();
      this.#socket = socket;
      // Nobody there, or no route: as good as no answer.
      socket.on('error', (err) => log.debug({ err }, 'a packet to a TURN server was not sent'));
      socket.on('message', (bytes) => this.#handle(this.#client?.handle(bytes, performance.now())));
      // Connected: nobody but the server is heard.
      socket.connect(port, address, () => {
        if (this.#closed) return;
        this.#client = new TurnClient({ username, password }, performance.now());
        for (const host of this.#hosts) this.#client.permit(host);
        this.#pump();
      });
    } catch (err) {
      log.warn({ err }, 'no socket for a relay');
      this.#opened(undefined);
    }
  }

  /** Sends what is due, and comes back when something is. */
  #pump(): void {
    const client = this.#client;
    if (!client || this.#closed) return;
    clearTimeout(this.#timer);
    const now = performance.now();
    const { requests, event } = client.due(now);
    for (const request of requests) this.#socket?.send(request);
    if (event) this.#handle(event);
    else if (client.deadline < Infinity)
      this.#timer = setTimeout(() => this.#pump(), Math.min(client.deadline - now, LONGEST_WAIT_MS));
  }

  #handle(event: TurnClientEvent | undefined): void {
    if (this.#closed) return;
    if (event?.type === 'data') return this.#receive(event.from, event.bytes);
    if (event?.type === 'allocated') this.#opened(event.relayed);
    if (event?.type === 'failed') {
      this.#options.log.warn({ reason: event.reason }, 'a TURN server gives no relay');
      this.#opened(undefined);
    }
    this.#pump();
  }

  #receive(from: TransportAddress, bytes: Buffer): void {
    const now = performance.now();
    const kind = classifyDatagram(bytes);
    const way = this.#wayTo(from);
    if (kind !== 'stun' && !way.isOfPeer) return;
    const isOfPeer = this.#options.onPacket(kind, bytes, way.path, now);
    if (kind === 'stun' && isOfPeer) way.isOfPeer = true;
  }

  #wayTo({ address, port }: TransportAddress): { readonly path: Path; isOfPeer: boolean } {
    const key = `${address} ${port}`;
    const known = this.#paths.get(key);
    if (known) return known;
    const send = (packet: Buffer): void => {
      if (!this.#closed && this.#client?.relayed)
        this.#socket?.send(this.#client.wrap({ address, port }, packet));
    };
    const way = { path: { protocol: 'udp', relayed: true, address, port, send } as const, isOfPeer: false };
    this.#paths.set(key, way);
    const [oldest] = this.#paths.keys();
    if (this.#paths.size > ICE_MAX_SOURCES && oldest !== undefined) this.#paths.delete(oldest);
    return way;
  }
}
