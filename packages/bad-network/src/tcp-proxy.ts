// A TCP proxy with a bad network in it: late, narrow, stalled, cut or gone silent. What TCP carries is never damaged.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { ClockedLink } from './clocked-link.ts';
import { includes, type Address, type Direction, type Directions } from './direction.ts';
import { addStatistics, DEFAULT_QUEUE_BYTES, emptyStatistics, Link, type LinkStatistics } from './link.ts';
import { checkProfile, type LinkProfile } from './link-profile.ts';
import { deriveSeed, seededRandom } from './random.ts';
import { TcpConnection } from './tcp-connection.ts';

const DEFAULT_MAX_CONNECTIONS = 1_000;
/** The shortest retransmission timeout of Linux; RFC 6298 would say 1 s. */
const MIN_RETRANSMIT_MS = 200;

export interface TcpProxyOptions {
  /** Port 0: one that is free. */
  readonly listen: Address;
  readonly target: Address;
  /** Loss shows as TCP shows it: as a wait. Duplication, corruption and reordering cannot show and are left out. */
  readonly up?: LinkProfile;
  readonly down?: LinkProfile;
  /** Default 1. */
  readonly seed?: number;
  /** Connections beyond are reset. Default 1000. */
  readonly maxConnections?: number;
}

export interface TcpProxyStatistics {
  readonly connections: number;
  /** Connections that were reset at once: too many, or `refuse`. */
  readonly refused: number;
  /** In segments of at most 1400 bytes. */
  readonly up: LinkStatistics;
  readonly down: LinkStatistics;
}

/** Rejects when the address is in use or a profile senseless (RangeError). */
export async function startTcpProxy(options: TcpProxyOptions): Promise<TcpProxy> {
  checkProfile(options.up ?? {});
  checkProfile(options.down ?? {});
  // Half-open, since each end of the stream is to travel through its own link.
  const server = createServer({ allowHalfOpen: true });
  server.listen(options.listen.port, options.listen.host);
  await once(server, 'listening');
  return new TcpProxy(server, options);
}

export class TcpProxy {
  readonly address: Address;
  readonly #server: Server;
  readonly #options: TcpProxyOptions;
  readonly #connections = new Set<TcpConnection>();
  readonly #profiles: Record<Direction, LinkProfile>;
  readonly #past: Record<Direction, LinkStatistics> = { up: emptyStatistics(), down: emptyStatistics() };
  readonly #blackoutUntil: Record<Direction, number> = { up: -Infinity, down: -Infinity };
  readonly #stalled: Record<Direction, boolean> = { up: false, down: false };
  #refusing = false;
  #connectionsEver = 0;
  #refused = 0;
  #closed = false;

  constructor(server: Server, options: TcpProxyOptions) {
    this.#server = server;
    this.#options = options;
    this.#profiles = { up: options.up ?? {}, down: options.down ?? {} };
    const address = server.address();
    if (address === null || typeof address === 'string')
      throw new TypeError('the server must listen on a port');
    this.address = { host: address.address, port: address.port };
    server.on('connection', (socket) => this.#onConnection(socket));
  }

  /** For what is sent from now on, on connections present and future. Throws a RangeError for a senseless profile. */
  setUp(profile: LinkProfile): void {
    this.#setProfile('up', profile);
  }

  setDown(profile: LinkProfile): void {
    this.#setProfile('down', profile);
  }

  /** Nothing gets through for the next `ms`; what was sent meanwhile arrives afterwards. */
  blackout(ms: number, directions: Directions = 'both'): void {
    const until = performance.now() + ms;
    for (const direction of ['up', 'down'] as const) {
      if (!includes(directions, direction)) continue;
      this.#blackoutUntil[direction] = Math.max(this.#blackoutUntil[direction], until);
      for (const connection of this.#connections) connection.link(direction).blackout(ms);
    }
  }

  /** Nothing arrives until `resume`, on connections present and future; nothing is lost. */
  stall(directions: Directions = 'both'): void {
    this.#setStalled(directions, true);
  }

  resume(directions: Directions = 'both'): void {
    this.#setStalled(directions, false);
  }

  /** Resets every connection. New ones are accepted. */
  cut(): void {
    for (const connection of [...this.#connections]) connection.close('reset');
  }

  /**
   * Both ends of the present connections hear nothing more, no end and no reset, however long they wait: half-open, as
   * when a router forgets them. New connections work.
   */
  silence(): void {
    for (const connection of this.#connections) connection.silence();
  }

  /** While true, new connections are reset at once. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  statistics(): TcpProxyStatistics {
    const sum = (direction: Direction): LinkStatistics =>
      [...this.#connections].reduce(
        (total, connection) => addStatistics(total, connection.link(direction).statistics()),
        this.#past[direction],
      );
    return { connections: this.#connections.size, refused: this.#refused, up: sum('up'), down: sum('down') };
  }

  /** Ends every connection without a word; resolves when the port is free again. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const connection of [...this.#connections]) connection.close('destroy');
    this.#server.close();
    await once(this.#server, 'close');
  }

  #setProfile(direction: Direction, profile: LinkProfile): void {
    checkProfile(profile);
    this.#profiles[direction] = profile;
    for (const connection of this.#connections)
      connection.link(direction).setProfile(this.#reliable(direction));
  }

  #setStalled(directions: Directions, stalled: boolean): void {
    for (const direction of ['up', 'down'] as const) {
      if (!includes(directions, direction)) continue;
      this.#stalled[direction] = stalled;
      for (const connection of this.#connections) connection.stall(direction, stalled);
    }
  }

  /** What TCP would make of the profile. */
  #reliable(direction: Direction): LinkProfile {
    const { up, down } = this.#profiles;
    const roundTripMs = (up.delayMs ?? 0) + (down.delayMs ?? 0);
    return { retransmitAfterMs: Math.max(MIN_RETRANSMIT_MS, 2 * roundTripMs), ...this.#profiles[direction] };
  }

  #onConnection(client: Socket): void {
    if (
      this.#refusing ||
      this.#connections.size >= (this.#options.maxConnections ?? DEFAULT_MAX_CONNECTIONS)
    ) {
      this.#refused++;
      client.resetAndDestroy();
      return;
    }
    const { host, port } = this.#options.target;
    const target = connect({ host, port, allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    const seed = deriveSeed(this.#options.seed ?? 1, this.#connectionsEver++);
    const connection: TcpConnection = new TcpConnection({
      client,
      target,
      makeLink: (direction, deliver) => this.#makeLink(direction, seed, deliver),
      queueBytes: (direction) => this.#profiles[direction].queueBytes ?? DEFAULT_QUEUE_BYTES,
      onClosed: () => this.#forget(connection),
    });
    this.#connections.add(connection);
  }

  #makeLink(direction: Direction, seed: number, deliver: (bytes: Buffer) => void): ClockedLink {
    const random = seededRandom(deriveSeed(seed, direction === 'up' ? 0 : 1));
    const link = new Link(this.#reliable(direction), random);
    link.blackout(this.#blackoutUntil[direction]);
    const clocked = new ClockedLink(link, deliver);
    clocked.hold(this.#stalled[direction]);
    return clocked;
  }

  #forget(connection: TcpConnection): void {
    if (!this.#connections.delete(connection)) return;
    for (const direction of ['up', 'down'] as const) {
      this.#past[direction] = addStatistics(this.#past[direction], connection.link(direction).statistics());
    }
  }
}
