// The one port number of the media server, UDP over IPv4 and IPv6, and TCP: finds the transport that a packet belongs to,
// by the path it came on, and a new path by the user name of its STUN check. Knows nothing of what is inside.
import type { RemoteInfo, Socket } from 'node:dgram';
import type { Logger } from 'pino';
import { classifyDatagram, ICE_MAX_SOURCES, stunServerUfrag } from '@parley/rtc';
import { OutsideAddresses } from './outside-addresses.ts';
import type { OutgoingPacket, PacketSender } from './packet-sender.ts';
import type { Path } from './path.ts';
import { TcpPort } from './tcp-port.ts';
import { bindUdp } from './udp-socket.ts';

export interface DatagramHandler {
  /** Takes one packet; `now` in ms of the monotonic clock. Gives true when its path is now known to lead to the peer. */
  handleDatagram(kind: DatagramKind, bytes: Buffer, path: Path, now: number): boolean;
  /** Whether its peer is at the end of this path, and alive, so that nobody else's check may claim it. */
  holds(path: Path, now: number): boolean;
  /** The path is no more: its connection was closed. */
  pathClosed(path: Path, now: number): void;
}

export type DatagramKind = ReturnType<typeof classifyDatagram>;

export interface MediaPortOptions {
  /** `0.0.0.0` listens on every address, of IPv6 too where the machine has it. */
  readonly host: string;
  /** UDP and TCP; 0: any port that is free in both. */
  readonly port: number;
  readonly log: Logger;
}

/** How often at most the log says that datagrams were dropped, in ms, and from how many on: every closed call drops some. */
const DROP_REPORT_INTERVAL_MS = 60_000;
const DROPS_WORTH_TELLING = 100;

/** How often at most the log says that handling a datagram failed, in ms: who can make it fail can do so at will. */
const FAULT_REPORT_INTERVAL_MS = 60_000;

/** Addresses that lead to one handler: as many as ICE remembers. More would be somebody filling our memory. */
const MAX_ROUTES = ICE_MAX_SOURCES;

/** How often a port that is free for UDP but not for TCP is given back for another one, when any will do. */
const TRIES_FOR_ANY_PORT = 20;

interface Route {
  readonly path: Path;
  readonly handler: DatagramHandler;
}

export class MediaPort implements PacketSender {
  readonly #sockets: readonly Socket[];
  readonly #log: Logger;
  #tcp: TcpPort | undefined;
  /** What STUN servers say of this port. */
  readonly outside: OutsideAddresses;
  readonly #byUfrag = new Map<string, DatagramHandler>();
  /** Ports first: comparing a number and then one string is cheaper than building a key for every packet. */
  readonly #byPort = new Map<number, Route[]>();
  /** Oldest first. */
  readonly #byHandler = new Map<DatagramHandler, Route[]>();
  #dropped = 0;
  #nextDropReport = 0;
  #nextFaultReport = 0;
  #closed = false;

  private constructor(sockets: readonly Socket[], log: Logger) {
    this.#sockets = sockets;
    this.#log = log;
    this.outside = new OutsideAddresses((request, { address, port }) => {
      const family = address.includes(':') ? 'IPv6' : 'IPv4';
      const socket = this.#closed ? undefined : sockets.find((each) => each.address().family === family);
      socket?.send(request, 0, request.length, port, address);
    }, log);
    for (const socket of sockets) {
      const paths = new UdpPaths(socket);
      socket.on('message', (bytes, from) => this.#receiveDatagram(bytes, from, paths));
      socket.on('error', (error) => this.#countDrop(error.message));
    }
  }

  /** @throws Error with `code` EADDRINUSE or EACCES when the port cannot be had. */
  static async open(options: MediaPortOptions): Promise<MediaPort> {
    for (let tries = 1; ; tries++) {
      try {
        return await MediaPort.#open(options);
      } catch (error) {
        const { code, syscall } = error as NodeJS.ErrnoException;
        const another = options.port === 0 && code === 'EADDRINUSE' && syscall === 'listen';
        if (!another || tries === TRIES_FOR_ANY_PORT) throw error;
      }
    }
  }

  static async #open({ host, port, log }: MediaPortOptions): Promise<MediaPort> {
    const everywhere = host === '0.0.0.0';
    const first = await bindUdp(host, port);
    const chosen = first.address().port;
    const sockets = [first];
    try {
      if (everywhere) sockets.push(await bindUdp('::', chosen));
    } catch (error) {
      // A machine without IPv6 is reached by IPv4 alone.
      log.debug({ err: error }, 'no IPv6 for media');
    }
    const media = new MediaPort(sockets, log);
    try {
      media.#tcp = await TcpPort.open(sockets.length > 1 ? '::' : host, chosen, {
        onPacket: (packet, path) => media.#receive(packet, path),
        onClosed: (path) => media.#pathClosed(path),
      });
    } catch (error) {
      await media.close();
      throw error;
    }
    return media;
  }

  /** The number, the same for UDP and TCP. */
  get port(): number {
    return this.#sockets[0]?.address().port ?? 0;
  }

  /** STUN checks for this user name fragment go to `handler`. */
  register(ufrag: string, handler: DatagramHandler): void {
    this.#byUfrag.set(ufrag, handler);
  }

  /** Checks for this user name fragment find nobody any more; the addresses that lead to its handler go on doing so. */
  withdraw(ufrag: string): void {
    this.#byUfrag.delete(ufrag);
  }

  /** Forgets the handler under its user name fragment and every address that led to it. */
  unregister(ufrag: string): void {
    const handler = this.#byUfrag.get(ufrag);
    if (!handler) return;
    this.#byUfrag.delete(ufrag);
    for (const route of this.#byHandler.get(handler) ?? []) this.#forget(route);
  }

  send(batch: readonly OutgoingPacket[]): void {
    if (this.#closed) return;
    for (const { bytes, path } of batch) path.send(bytes);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.outside.close();
    await this.#tcp?.close();
    await Promise.all(
      this.#sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    );
  }

  #receiveDatagram(bytes: Buffer, from: RemoteInfo, paths: UdpPaths): void {
    // Nobody can be answered there (RFC 768), and the socket would throw.
    if (from.port === 0) return this.#countDrop('from port 0');
    const known = this.#find(from.address, from.port);
    this.#receive(bytes, known?.path ?? paths.to(from.address, from.port));
  }

  /** What one peer sends must not end the calls of all others, whatever was overlooked in its handler. */
  #receive(bytes: Buffer, path: Path): boolean {
    const now = performance.now();
    try {
      return this.#handle(bytes, path, now);
    } catch (error) {
      if (now < this.#nextFaultReport) return false;
      this.#nextFaultReport = now + FAULT_REPORT_INTERVAL_MS;
      this.#log.error({ err: error }, 'handling a packet failed');
      return false;
    }
  }

  /** Gives true when the path leads to a peer of ours. */
  #handle(bytes: Buffer, path: Path, now: number): boolean {
    const kind = classifyDatagram(bytes);
    const known = this.#routeOf(path);
    if (known && kind !== 'stun') {
      known.handler.handleDatagram(kind, bytes, path, now);
      return true;
    }
    if (kind === 'stun' && path.protocol === 'udp' && this.outside.handleResponse(bytes, path, now))
      return known !== undefined;
    const ufrag = kind === 'stun' ? stunServerUfrag(bytes) : undefined;
    // An answer has none: it is for whom its way leads to.
    const handler = ufrag === undefined ? known?.handler : this.#byUfrag.get(ufrag);
    if (!handler) {
      this.#countDrop('no transport for it');
      return known !== undefined;
    }
    const authenticated = handler.handleDatagram(kind, bytes, path, now);
    if (!authenticated || known?.handler === handler) return authenticated;
    // A source address is easily forged: it must not take a living peer's packets away.
    if (known?.handler.holds(path, now)) return true;
    if (known) this.#forget(known);
    this.#learn({ path, handler }, now);
    return true;
  }

  #routeOf(path: Path): Route | undefined {
    return this.#byPort.get(path.port)?.find((route) => route.path === path);
  }

  #find(address: string, port: number): Route | undefined {
    const routes = this.#byPort.get(port);
    if (!routes) return undefined;
    for (const route of routes) {
      if (route.path.address === address && route.path.protocol === 'udp') return route;
    }
    return undefined;
  }

  #learn(route: Route, now: number): void {
    const { path, handler } = route;
    this.#byPort.set(path.port, [...(this.#byPort.get(path.port) ?? []), route]);
    const routes = [...(this.#byHandler.get(handler) ?? []), route];
    this.#byHandler.set(handler, routes);
    if (routes.length <= MAX_ROUTES) return;
    const oldest = routes.find((other) => !other.handler.holds(other.path, now));
    if (!oldest) return;
    this.#forget(oldest);
    if (!oldest.path.close) return;
    oldest.path.close();
    handler.pathClosed(oldest.path, now);
  }

  #forget(route: Route): void {
    removeFrom(this.#byPort, route.path.port, route);
    removeFrom(this.#byHandler, route.handler, route);
  }

  #pathClosed(path: Path): void {
    const route = this.#routeOf(path);
    if (!route) return;
    this.#forget(route);
    route.handler.pathClosed(path, performance.now());
  }

  #countDrop(reason: string): void {
    this.#dropped++;
    const now = performance.now();
    if (this.#dropped < DROPS_WORTH_TELLING || now < this.#nextDropReport) return;
    this.#nextDropReport = now + DROP_REPORT_INTERVAL_MS;
    this.#log.warn({ dropped: this.#dropped, reason }, 'datagrams dropped on the media port');
    this.#dropped = 0;
  }
}

/** The ways over one UDP socket. Destinations are literal addresses: no resolver, and no tick of delay per packet. */
class UdpPaths {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  to(address: string, port: number): Path {
    const socket = this.#socket;
    return {
      protocol: 'udp',
      address,
      port,
      send: (packet) => socket.send(packet, 0, packet.length, port, address),
    };
  }
}

function removeFrom<Key>(lists: Map<Key, Route[]>, key: Key, route: Route): void {
  const kept = (lists.get(key) ?? []).filter((other) => other !== route);
  if (kept.length === 0) lists.delete(key);
  else lists.set(key, kept);
}
