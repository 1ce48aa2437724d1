// A UDP proxy with a bad network in it. Every client address gets its own way to the target, with its own luck.
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { ClockedLink } from './clocked-link.ts';
import { addressText, includes, type Address, type Direction, type Directions } from './direction.ts';
import { addStatistics, emptyStatistics, Link, type LinkStatistics } from './link.ts';
import { checkProfile, type LinkProfile } from './link-profile.ts';
import { deriveSeed, seededRandom } from './random.ts';
import { UdpFlow, type ResolvedAddress } from './udp-flow.ts';

const DEFAULT_MAX_CLIENTS = 1_000;
/** Above the 30 s after which WebRTC gives up consent (RFC 7675), below the patience of a test. */
const DEFAULT_IDLE_MS = 60_000;

/** Says whether a packet may pass; what it refuses is dropped before the link. */
export type PacketFilter = (bytes: Buffer, direction: Direction, client: Address) => boolean;

export interface UdpProxyOptions {
  /** Port 0: one that is free. */
  readonly listen: Address;
  readonly target: Address;
  readonly up?: LinkProfile;
  readonly down?: LinkProfile;
  /** The n-th client of two runs with the same seed meets the same fate, packet by packet. Default 1. */
  readonly seed?: number;
  readonly filter?: PacketFilter;
  /** How many client addresses are served at a time; packets of others are dropped. Default 1000. */
  readonly maxClients?: number;
  /** A client silent in both directions for this long is forgotten. Default 60000. */
  readonly idleMs?: number;
  readonly onClient?: (event: 'came' | 'forgotten', client: Address) => void;
}

export interface UdpProxyStatistics {
  readonly clients: number;
  /** Packets of clients beyond `maxClients`. */
  readonly refused: number;
  /** Packets that the filter refused. */
  readonly filtered: number;
  readonly up: LinkStatistics;
  readonly down: LinkStatistics;
}

/** Rejects when the address is in use, the target's name unknown, or a profile senseless (RangeError). */
export async function startUdpProxy(options: UdpProxyOptions): Promise<UdpProxy> {
  checkProfile(options.up ?? {});
  checkProfile(options.down ?? {});
  const { address, family } = await lookup(options.target.host);
  const target: ResolvedAddress = {
    host: address,
    port: options.target.port,
    family: family === 6 ? 6 : 4,
  };
  const socket = createSocket(options.listen.host.includes(':') ? 'udp6' : 'udp4');
  socket.bind(options.listen.port, options.listen.host);
  await once(socket, 'listening');
  return new UdpProxy(socket, target, options);
}

export class UdpProxy {
  readonly address: Address;
  readonly #socket: Socket;
  readonly #target: ResolvedAddress;
  readonly #options: UdpProxyOptions;
  readonly #flows = new Map<string, UdpFlow>();
  readonly #profiles: Record<Direction, LinkProfile>;
  /** What the links of forgotten clients counted. */
  readonly #past: Record<Direction, LinkStatistics> = { up: emptyStatistics(), down: emptyStatistics() };
  readonly #blackoutUntil: Record<Direction, number> = { up: -Infinity, down: -Infinity };
  readonly #sweeper: NodeJS.Timeout;
  #filter: PacketFilter | undefined;
  #source: string | undefined;
  #clientsEver = 0;
  #refused = 0;
  #filtered = 0;
  #closed = false;

  constructor(socket: Socket, target: ResolvedAddress, options: UdpProxyOptions) {
    this.#socket = socket;
    this.#target = target;
    this.#options = options;
    this.#filter = options.filter;
    this.#profiles = { up: options.up ?? {}, down: options.down ?? {} };
    this.address = { host: socket.address().address, port: socket.address().port };
    socket.on('message', (bytes, from) => this.#onPacket(bytes, { host: from.address, port: from.port }));
    // A send that the system refuses surfaces here on some systems; to the client it is loss.
    socket.on('error', () => undefined);
    this.#sweeper = setInterval(() => this.#forgetIdle(performance.now()), this.#idleMs / 4).unref();
  }

  /** For packets that come from now on, of clients present and future. Throws a RangeError for a senseless profile. */
  setUp(profile: LinkProfile): void {
    this.#setProfile('up', profile);
  }

  setDown(profile: LinkProfile): void {
    this.#setProfile('down', profile);
  }

  setFilter(filter: PacketFilter | undefined): void {
    this.#filter = filter;
  }

  /** Nothing enters the link for the next `ms`; what is on its way arrives. Counts for clients yet to come, too. */
  blackout(ms: number, directions: Directions = 'both'): void {
    const until = performance.now() + ms;
    for (const direction of ['up', 'down'] as const) {
      if (!includes(directions, direction)) continue;
      this.#blackoutUntil[direction] = Math.max(this.#blackoutUntil[direction], until);
      for (const flow of this.#flows.values()) flow.links[direction].blackout(ms);
    }
  }

  /**
   * From now on the target sees every client at a new source port, and at the address `host` if given (127.0.0.2, say),
   * as when Wi-Fi is left for 4G. Answers to the former sources are lost. Resolves with the new sources once they are in
   * use; rejects when `host` is not of this machine.
   */
  async rebind(host?: string): Promise<Address[]> {
    this.#source = host;
    return Promise.all([...this.#flows.values()].map((flow) => flow.rebind(host)));
  }

  statistics(): UdpProxyStatistics {
    const sum = (direction: Direction): LinkStatistics =>
      [...this.#flows.values()].reduce(
        (total, flow) => addStatistics(total, flow.links[direction].statistics()),
        this.#past[direction],
      );
    return {
      clients: this.#flows.size,
      refused: this.#refused,
      filtered: this.#filtered,
      up: sum('up'),
      down: sum('down'),
    };
  }

  /** Resolves when the port is free again. What is on its way is lost. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#sweeper);
    for (const flow of [...this.#flows.values()]) this.#forget(flow);
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  get #idleMs(): number {
    return this.#options.idleMs ?? DEFAULT_IDLE_MS;
  }

  #setProfile(direction: Direction, profile: LinkProfile): void {
    checkProfile(profile);
    this.#profiles[direction] = profile;
    for (const flow of this.#flows.values()) flow.links[direction].setProfile(profile);
  }

  #onPacket(bytes: Buffer, client: Address): void {
    const flow = this.#flows.get(addressText(client)) ?? this.#welcome(client);
    if (flow) this.#pass(bytes, 'up', flow);
    else this.#refused++;
  }

  #pass(bytes: Buffer, direction: Direction, flow: UdpFlow): void {
    flow.lastActive = performance.now();
    if (this.#filter && !this.#filter(bytes, direction, flow.client)) this.#filtered++;
    else flow.links[direction].push(bytes);
  }

  #welcome(client: Address): UdpFlow | undefined {
    if (this.#flows.size >= (this.#options.maxClients ?? DEFAULT_MAX_CLIENTS)) return undefined;
    const seed = deriveSeed(this.#options.seed ?? 1, this.#clientsEver++);
    const flow: UdpFlow = new UdpFlow({
      client,
      target: this.#target,
      source: this.#source,
      makeLink: (direction, deliver) => this.#makeLink(direction, seed, deliver),
      sendToClient: (bytes) => this.#sendToClient(bytes, client),
      onAnswer: (bytes) => this.#pass(bytes, 'down', flow),
      onError: () => this.#forget(flow),
    });
    this.#flows.set(addressText(client), flow);
    this.#options.onClient?.('came', client);
    return flow;
  }

  #makeLink(direction: Direction, seed: number, deliver: (bytes: Buffer) => void): ClockedLink {
    const random = seededRandom(deriveSeed(seed, direction === 'up' ? 0 : 1));
    const link = new Link(this.#profiles[direction], random);
    link.blackout(this.#blackoutUntil[direction]);
    return new ClockedLink(link, deliver);
  }

  #sendToClient(bytes: Buffer, client: Address): void {
    if (!this.#closed) this.#socket.send(bytes, client.port, client.host, () => undefined);
  }

  #forgetIdle(now: number): void {
    for (const flow of [...this.#flows.values()]) {
      if (now - flow.lastActive >= this.#idleMs) this.#forget(flow);
    }
  }

  #forget(flow: UdpFlow): void {
    if (!this.#flows.delete(addressText(flow.client))) return;
    for (const direction of ['up', 'down'] as const) {
      this.#past[direction] = addStatistics(this.#past[direction], flow.links[direction].statistics());
    }
    flow.close();
    this.#options.onClient?.('forgotten', flow.client);
  }
}
