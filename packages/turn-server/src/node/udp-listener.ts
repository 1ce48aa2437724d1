// One UDP socket that clients send to. Knows addresses, not TURN.
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Logger } from 'pino';
import type { FiveTuple } from '../protocol/five-tuple.ts';

/** Room for bursts of many clients; the kernel caps it at its own limit. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

export interface UdpListenerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Leave IPv4 to another listener. */
  readonly ipv6Only: boolean;
  readonly log: Logger;
  readonly onMessage: (bytes: Buffer, client: FiveTuple) => void;
}

export class UdpListener {
  readonly port: number;
  readonly #socket: Socket;
  #closed = false;

  private constructor(socket: Socket, { host, log, onMessage }: UdpListenerOptions) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('error', (error) => log.debug({ err: error }, 'a datagram to a TURN client was not sent'));
    socket.on('message', (bytes, from) =>
      onMessage(bytes, {
        transport: 'udp',
        clientAddress: from.address,
        clientPort: from.port,
        serverAddress: host,
        serverPort: this.port,
      }),
    );
  }

  /** @throws Error with `code` EADDRINUSE, EACCES or EADDRNOTAVAIL when the port cannot be had. */
  static async open(options: UdpListenerOptions): Promise<UdpListener> {
    const socket = await boundSocket({ ...options, address: options.host });
    setBuffers(socket, options.log);
    return new UdpListener(socket, options);
  }

  send(bytes: Buffer, client: FiveTuple): void {
    if (!this.#closed) this.#socket.send(bytes, client.clientPort, client.clientAddress);
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

export interface BindOptions {
  readonly address: string;
  readonly port: number;
  readonly ipv6Only?: boolean;
}

/** A UDP socket bound to a literal address. Rejects with the error of bind. */
export function boundSocket({ address, port, ipv6Only = false }: BindOptions): Promise<Socket> {
  const family = isIPv6(address) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    // Node refuses the option for IPv4.
    ipv6Only: ipv6Only && family === 6,
    // Destinations are literal addresses: no resolver, and no tick of delay per datagram.
    lookup: (literal, _options, callback) => callback(null, literal, family),
  });
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      socket.close();
      reject(error);
    };
    socket.once('error', failed);
    socket.bind(port, address, () => {
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

function setBuffers(socket: Socket, log: Logger): void {
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
    socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
  } catch (error) {
    log.warn({ err: error }, 'the TURN port keeps its small socket buffers');
  }
}
