// The one UDP port of the media server: finds the transport that a datagram belongs to, by its remote address, and a
// new address by the user name of its STUN check. Knows nothing of what is inside.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Logger } from 'pino';
import { classifyDatagram, ICE_MAX_SOURCES, stunServerUfrag } from '@parley/rtc';
import type { OutgoingDatagram, PacketSender } from './packet-sender.ts';

export interface DatagramHandler {
  /** Takes one datagram; `now` in ms of the monotonic clock. Gives true when its source is now known to be the peer. */
  handleDatagram(kind: DatagramKind, bytes: Buffer, address: string, port: number, now: number): boolean;
  /** Whether its peer is there, and alive, so that nobody else's check may claim the address. */
  holds(address: string, port: number, now: number): boolean;
}

export type DatagramKind = ReturnType<typeof classifyDatagram>;

export interface MediaPortOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Logger;
}

/** Room for bursts of key frames of many senders; the kernel caps it at its own limit (net.core.rmem_max). */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

/** How often at most the log says that datagrams were dropped, in ms, and from how many on: every closed call drops some. */
const DROP_REPORT_INTERVAL_MS = 60_000;
const DROPS_WORTH_TELLING = 100;

/** How often at most the log says that handling a datagram failed, in ms: who can make it fail can do so at will. */
const FAULT_REPORT_INTERVAL_MS = 60_000;

/** Addresses that lead to one handler: as many as ICE remembers. More would be somebody filling our memory. */
const MAX_ROUTES = ICE_MAX_SOURCES;

interface Route {
  readonly address: string;
  readonly port: number;
  readonly handler: DatagramHandler;
}

export class MediaPort implements PacketSender {
  readonly #socket: Socket;
  readonly #log: Logger;
  readonly #byUfrag = new Map<string, DatagramHandler>();
  /** Ports first: comparing a number and then one string is cheaper than building a key for every packet. */
  readonly #byPort = new Map<number, Route[]>();
  /** Oldest first. */
  readonly #byHandler = new Map<DatagramHandler, Route[]>();
  #dropped = 0;
  #nextDropReport = 0;
  #nextFaultReport = 0;
  #closed = false;

  private constructor(socket: Socket, log: Logger) {
    this.#socket = socket;
    this.#log = log;
    socket.on('message', (bytes, from) => this.#receive(bytes, from));
    socket.on('error', (error) => this.#countDrop(error.message));
  }

  /** @throws Error with `code` EADDRINUSE or EACCES when the port cannot be had. */
  static open({ host, port, log }: MediaPortOptions): Promise<MediaPort> {
    const socket = createSocket({
      type: 'udp4',
      // Destinations are literal addresses: no resolver, and no tick of delay per packet.
      lookup: (address, _options, callback) => callback(null, address, 4),
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, host, () => {
        socket.off('error', reject);
        socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
        socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
        resolve(new MediaPort(socket, log));
      });
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** STUN checks for this user name fragment go to `handler`. */
  register(ufrag: string, handler: DatagramHandler): void {
    this.#byUfrag.set(ufrag, handler);
  }

  /** Forgets the handler under its user name fragment and every address that led to it. */
  unregister(ufrag: string): void {
    const handler = this.#byUfrag.get(ufrag);
    if (!handler) return;
    this.#byUfrag.delete(ufrag);
    for (const route of this.#byHandler.get(handler) ?? []) this.#forget(route);
  }

  send(batch: readonly OutgoingDatagram[]): void {
    if (this.#closed) return;
    for (const { bytes, port, address } of batch) {
      // Nobody can be reached there (RFC 768), and the socket would throw.
      if (port === 0) this.#countDrop('to port 0');
      else this.#socket.send(bytes, 0, bytes.length, port, address);
    }
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  /** What one peer sends must not end the calls of all others, whatever was overlooked in its handler. */
  #receive(bytes: Buffer, from: RemoteInfo): void {
    const now = performance.now();
    try {
      this.#handle(bytes, from, now);
    } catch (error) {
      if (now < this.#nextFaultReport) return;
      this.#nextFaultReport = now + FAULT_REPORT_INTERVAL_MS;
      this.#log.error({ err: error }, 'handling a datagram failed');
    }
  }

  #handle(bytes: Buffer, from: RemoteInfo, now: number): void {
    if (from.port === 0) return this.#countDrop('from port 0');
    const kind = classifyDatagram(bytes);
    const known = this.#find(from.address, from.port);
    if (known && kind !== 'stun') {
      known.handler.handleDatagram(kind, bytes, from.address, from.port, now);
      return;
    }
    const ufrag = kind === 'stun' ? stunServerUfrag(bytes) : undefined;
    const handler = ufrag === undefined ? undefined : this.#byUfrag.get(ufrag);
    if (!handler) return this.#countDrop('no transport for it');
    const authenticated = handler.handleDatagram(kind, bytes, from.address, from.port, now);
    if (!authenticated || known?.handler === handler) return;
    // A source address is easily forged: it must not take a living peer's packets away.
    if (known?.handler.holds(from.address, from.port, now)) return;
    if (known) this.#forget(known);
    this.#learn({ address: from.address, port: from.port, handler }, now);
  }

  #find(address: string, port: number): Route | undefined {
    const routes = this.#byPort.get(port);
    if (!routes) return undefined;
    for (const route of routes) if (route.address === address) return route;
    return undefined;
  }

  #learn(route: Route, now: number): void {
    this.#byPort.set(route.port, [...(this.#byPort.get(route.port) ?? []), route]);
    const routes = [...(this.#byHandler.get(route.handler) ?? []), route];
    this.#byHandler.set(route.handler, routes);
    if (routes.length <= MAX_ROUTES) return;
    const oldest = routes.find(({ address, port, handler }) => !handler.holds(address, port, now));
    if (oldest) this.#forget(oldest);
  }

  #forget(route: Route): void {
    removeFrom(this.#byPort, route.port, route);
    removeFrom(this.#byHandler, route.handler, route);
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

function removeFrom<Key>(lists: Map<Key, Route[]>, key: Key, route: Route): void {
  const kept = (lists.get(key) ?? []).filter((other) => other !== route);
  if (kept.length === 0) lists.delete(key);
  else lists.set(key, kept);
}
