// One allocation on a TURN server, from the connection to it until it is given back or lost, and the paths to the peer that
// lead through it. What comes out of it is the transport's business.
import type { Logger } from 'pino';
import {
  classifyDatagram,
  ICE_MAX_SOURCES,
  TurnClient,
  type TransportAddress,
  type TurnClientEvent,
  type TurnCredentials,
} from '@parley/rtc';
import type { DatagramKind } from './media-port.ts';
import type { Path } from './path.ts';
import { openTurnSocket, type TurnServerPlace, type TurnSocket } from './turn-socket.ts';

export interface TurnServer extends TurnServerPlace, TurnCredentials {}

export interface RelayAllocationOptions {
  readonly log: Logger;
  /** Gives true when the path is now known to lead to the peer. */
  onPacket(kind: DatagramKind, bytes: Buffer, path: Path, now: number): boolean;
  /** There is no allocation, or it is lost, and `paths` with it. Told once, not after `close`. `now` in ms. */
  onLost(paths: readonly Path[], now: number): void;
}

/** Somebody waits for the end of gathering: from looking up the name to the server's agreement, in ms. */
const OPENING_MS = 5_000;
/** Timers cannot wait longer, in ms. */
const LONGEST_WAIT_MS = 60_000;

interface Way {
  readonly path: Path;
  /** Whether the peer is known to be at its end. */
  isOfPeer: boolean;
}

export class RelayAllocation {
  /** Where the peer reaches this side; undefined: not at all. Takes some seconds at most, and never rejects. */
  readonly relayed: Promise<TransportAddress | undefined>;
  readonly #options: RelayAllocationOptions;
  readonly #log: Logger;
  readonly #hosts: Set<string>;
  readonly #opening = new AbortController();
  /** By `address port`, oldest first. */
  readonly #ways = new Map<string, Way>();
  #resolve: (relayed: TransportAddress | undefined) => void = () => {};
  #socket: TurnSocket | undefined;
  #client: TurnClient | undefined;
  readonly #openingTimer: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #closing: NodeJS.Immediate | undefined;
  #stands = false;
  #isOver = false;

  /** Begins at once. `hosts`: IP literals that are let through. */
  constructor(server: TurnServer, hosts: Iterable<string>, options: RelayAllocationOptions) {
    this.#options = options;
    const { host, port, transport } = server;
    this.#log = options.log.child({ turnServer: { host, port, transport } });
    this.#hosts = new Set(hosts);
    this.relayed = new Promise((resolve) => (this.#resolve = resolve));
    this.#openingTimer = setTimeout(() => this.#lose('it does not answer'), OPENING_MS);
    void this.#open(server);
  }

  /** Lets a host through. `address`: an IP literal. */
  permit(address: string): void {
    this.#hosts.add(address);
    this.#client?.permit(address);
    this.#pump();
  }

  /** Gives the allocation back. Idempotent. What was sent before still leaves. */
  close(): void {
    this.#resolve(undefined);
    this.#closing ??= setImmediate(() => this.#stop());
  }

  async #open(server: TurnServer): Promise<void> {
    const { username, password } = server;
    try {
      const socket = await openTurnSocket(
        server,
        {
          onMessage: (bytes) => this.#handle(this.#client?.handle(bytes, performance.now())),
          onBroken: (error) => this.#lose(error.message),
        },
        this.#log,
        this.#opening.signal,
      );
      this.#socket = socket;
      this.#client = new TurnClient({ username, password, isStream: socket.isStream }, performance.now());
      for (const host of this.#hosts) this.#client.permit(host);
      this.#pump();
    } catch (error) {
      this.#lose(error instanceof Error ? error.message : String(error));
    }
  }

  /** Sends what is due, and comes back when something is. */
  #pump(): void {
    const client = this.#client;
    if (!client || this.#isOver) return;
    clearTimeout(this.#timer);
    const now = performance.now();
    const { requests, event } = client.due(now);
    for (const request of requests) this.#socket?.send(request);
    if (event) this.#handle(event);
    else if (client.deadline < Infinity)
      this.#timer = setTimeout(() => this.#pump(), Math.min(client.deadline - now, LONGEST_WAIT_MS));
  }

  #handle(event: TurnClientEvent | undefined): void {
    if (this.#isOver) return;
    if (event?.type === 'data') return this.#receive(event.from, event.bytes);
    if (event?.type === 'failed') return this.#lose(event.reason);
    if (event?.type === 'allocated') {
      clearTimeout(this.#openingTimer);
      this.#stands = true;
      this.#resolve(event.relayed);
    }
    this.#pump();
  }

  #receive(from: TransportAddress, bytes: Buffer): void {
    const now = performance.now();
    const kind = classifyDatagram(bytes);
    const way = this.#wayTo(from);
    if (kind !== 'stun' && !way.isOfPeer) return;
    const isOfPeer = this.#options.onPacket(kind, bytes, way.path, now);
    if (kind !== 'stun' || !isOfPeer || way.isOfPeer) return;
    way.isOfPeer = true;
    this.#client?.bindChannel(from);
    this.#pump();
  }

  #wayTo({ address, port }: TransportAddress): Way {
    const key = `${address} ${port}`;
    const known = this.#ways.get(key);
    if (known) return known;
    const send = (packet: Buffer): void => {
      if (this.#client?.relayed) this.#socket?.send(this.#client.wrap({ address, port }, packet));
    };
    const way = { path: { protocol: 'udp', relayed: true, address, port, send } as const, isOfPeer: false };
    if (this.#ways.size >= ICE_MAX_SOURCES) this.#forgetWay();
    this.#ways.set(key, way);
    return way;
  }

  /** A stranger's, as long as there is one: whoever shares a host with the peer may have any number of ports. */
  #forgetWay(): void {
    const all = [...this.#ways];
    const [key] = all.find(([, { isOfPeer }]) => !isOfPeer) ?? all[0];
    this.#ways.delete(key);
  }

  #lose(reason: string): void {
    if (this.#isOver || this.#closing) return;
    const paths = [...this.#ways.values()].map(({ path }) => path);
    this.#stop();
    this.#resolve(undefined);
    this.#log.warn({ reason }, this.#stands ? 'a relay is lost' : 'a TURN server gives no relay');
    this.#options.onLost(paths, performance.now());
  }

  #stop(): void {
    this.#isOver = true;
    clearTimeout(this.#openingTimer);
    clearTimeout(this.#timer);
    this.#opening.abort(new Error('it is not waited for any more'));
    this.#socket?.close(this.#client?.release());
  }
}
