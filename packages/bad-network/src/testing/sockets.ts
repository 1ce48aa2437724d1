// Real sockets for the tests of the proxies: every wait is for an event, and everything is closed by `closeAll`.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Address } from '../direction.ts';

export const HERE = { host: '127.0.0.1', port: 0 } as const;

const closers: (() => Promise<void> | void)[] = [];

/** Has `closer` called by `closeAll`, the last one first. */
export function closeLater(closer: () => Promise<void> | void): void {
  closers.push(closer);
}

export async function closeAll(): Promise<void> {
  for (const closer of closers.splice(0).reverse()) await closer();
}

/** Values that come when they come, taken in their order. */
export class Inbox<Value> {
  readonly #values: Value[] = [];
  readonly #takers: ((value: Value) => void)[] = [];

  add(value: Value): void {
    const taker = this.#takers.shift();
    if (taker) taker(value);
    else this.#values.push(value);
  }

  next(): Promise<Value> {
    const value = this.#values.shift();
    return value === undefined
      ? new Promise((resolve) => this.#takers.push(resolve))
      : Promise.resolve(value);
  }

  async take(count: number): Promise<Value[]> {
    const values: Value[] = [];
    while (values.length < count) values.push(await this.next());
    return values;
  }

  /** What has come and was not taken. */
  get waiting(): number {
    return this.#values.length;
  }
}

export interface Datagram {
  readonly text: string;
  readonly from: Address;
}

/** One UDP socket on loopback. */
export class UdpPeer {
  readonly inbox = new Inbox<Datagram>();
  readonly address: Address;
  readonly #socket: UdpSocket;

  constructor(socket: UdpSocket) {
    this.#socket = socket;
    this.address = { host: socket.address().address, port: socket.address().port };
    socket.on('message', (bytes, { address, port }) => {
      this.inbox.add({ text: bytes.toString(), from: { host: address, port } });
    });
  }

  static async open(): Promise<UdpPeer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    closeLater(() => void socket.close());
    return new UdpPeer(socket);
  }

  /** Answers every datagram with its own text. */
  echo(): this {
    this.#socket.on('message', (bytes, { address, port }) => this.#socket.send(bytes, port, address));
    return this;
  }

  send(text: string | Buffer, to: Address): void {
    this.#socket.send(text, to.port, to.host);
  }
}

/** A TCP server on loopback and the connections that come. */
export class TcpPeer {
  readonly arrivals = new Inbox<Socket>();
  readonly address: Address;

  constructor(server: Server) {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('not a port');
    this.address = { host: address.address, port: address.port };
    server.on('connection', (socket) => {
      // Resets are what some tests are about; they wait for 'close'.
      socket.on('error', () => undefined);
      closeLater(() => void socket.destroy());
      this.arrivals.add(socket);
    });
  }

  static async open(): Promise<TcpPeer> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closeLater(() => void server.close());
    return new TcpPeer(server);
  }
}

export function tcpClient({ host, port }: Address): Socket {
  const socket = connect({ host, port, allowHalfOpen: true });
  socket.on('error', () => undefined);
  closeLater(() => void socket.destroy());
  return socket;
}

/** Reads exactly `count` bytes and leaves the socket paused; rejects when it ends before. */
export function readBytes(socket: Socket, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      if (length < count) return;
      socket.pause().off('data', onData).off('close', onClose);
      const bytes = Buffer.concat(chunks);
      if (length > count) socket.unshift(bytes.subarray(count));
      resolve(bytes.subarray(0, count));
    };
    const onClose = (): void => reject(new Error(`closed after ${length} of ${count} bytes`));
    socket.on('data', onData).on('close', onClose).resume();
  });
}

/** Resolves when the socket is closed, however that came. */
export function closed(socket: Socket): Promise<void> {
  socket.resume();
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', () => resolve()));
}
