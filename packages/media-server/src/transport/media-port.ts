// The one UDP port of the media server: finds the transport that a datagram belongs to, by its remote address, and a
// new address by the user name of its STUN check. Knows nothing of what is inside.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Logger } from 'pino';
import { classifyDatagram, stunServerUfrag } from '@parley/rtc';
import type { OutgoingDatagram, PacketSender } from './packet-sender.ts';

export interface DatagramHandler {
  /** Takes one datagram; `now` in ms of the monotonic clock. Gives true when its source is now known to be the peer. */
  handleDatagram(kind: DatagramKind, bytes: Buffer, address: string, port: number, now: number): boolean;
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
  #dropped = 0;
  #nextDropReport = 0;
  #closed = false;

  private constructor(socket: Socket, log: Logger) {
    this.#socket = socket;
    this.#log = log;
    socket.on('message', (bytes, from) => this.#handle(bytes, from));
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
    for (const [port, routes] of this.#byPort) {
      const kept = routes.filter((route) => route.handler !== handler);
      if (kept.length === 0) this.#byPort.delete(port);
      else if (kept.length < routes.length) this.#byPort.set(port, kept);
    }
  }

  send(batch: readonly OutgoingDatagram[]): void {
    if (this.#closed) return;
    for (const { bytes, port, address } of batch) this.#socket.send(bytes, 0, bytes.length, port, address);
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #handle(bytes: Buffer, from: RemoteInfo): void {
    const now = performance.now();
    const kind = classifyDatagram(bytes);
    const known = this.#find(from.address, from.port);
    if (known && kind !== 'stun') {
      known.handleDatagram(kind, bytes, from.address, from.port, now);
      return;
    }
    const ufrag = kind === 'stun' ? stunServerUfrag(bytes) : undefined;
    const handler = ufrag === undefined ? undefined : this.#byUfrag.get(ufrag);
    if (!handler) return this.#countDrop('no transport for it');
    const authenticated = handler.handleDatagram(kind, bytes, from.address, from.port, now);
    if (authenticated && known !== handler) this.#learn(from.address, from.port, handler);
  }

  #find(address: string, port: number): DatagramHandler | undefined {
    const routes = this.#byPort.get(port);
    if (!routes) return undefined;
    for (const route of routes) if (route.address === address) return route.handler;
    return undefined;
  }

  #learn(address: string, port: number, handler: DatagramHandler): void {
    const others = (this.#byPort.get(port) ?? []).filter((route) => route.address !== address);
    this.#byPort.set(port, [...others, { address, port, handler }]);
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
