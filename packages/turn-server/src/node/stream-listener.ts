// Accepts TCP and TLS clients, no more of them than its limits allow.
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, Server as TlsServer, type SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { sourceKey, tupleKey, type FiveTuple } from '../protocol/five-tuple.ts';
import { StreamConnection, type StreamHandler, type StreamLimits } from './stream-connection.ts';

export interface TlsIdentity extends Pick<SecureContextOptions, 'minVersion' | 'ciphers'> {
  /** PEM, the chain included. */
  readonly cert: string | Buffer;
  /** PEM. */
  readonly key: string | Buffer;
}

export interface StreamListenerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly ipv6Only: boolean;
  /** Makes it TLS. */
  readonly tls?: TlsIdentity;
  readonly limits: StreamLimits;
  readonly handler: StreamHandler;
  readonly log: Logger;
}

interface Accepted {
  readonly client: FiveTuple;
  readonly source: string;
  /** The TCP socket, under TLS as well. */
  readonly socket: Socket;
  /** Undefined during the TLS handshake. */
  connection: StreamConnection | undefined;
}

export class StreamListener {
  readonly #options: StreamListenerOptions;
  readonly #server: Server;
  readonly #accepted = new Map<string, Accepted>();
  #port = 0;
  #closed = false;

  private constructor(options: StreamListenerOptions) {
    this.#options = options;
    const { tls, limits, log } = options;
    if (tls === undefined) {
      this.#server = createServer((socket) => this.#ready(socket));
      // Before the listener above, which needs what this one notes.
      this.#server.prependListener('connection', (socket: Socket) => this.#accept(socket));
    } else {
      const server = createTlsServer({ ...tls, handshakeTimeout: limits.strangerMs });
      server.on('connection', (socket: Socket) => this.#accept(socket));
      server.on('secureConnection', (socket) => this.#ready(socket));
      server.on('tlsClientError', (error, socket) => {
        log.debug({ err: error }, 'a TLS handshake of a TURN client failed');
        socket.destroy();
      });
      this.#server = server;
    }
    this.#server.on('error', (error) => log.warn({ err: error }, 'a TURN listener had an error'));
  }

  /**
   * @throws Error with `code` EADDRINUSE, EACCES or EADDRNOTAVAIL when the port cannot be had, or OpenSSL's when
   * certificate and key are of no use.
   */
  static open(options: StreamListenerOptions): Promise<StreamListener> {
    return new Promise((resolve, reject) => {
      const listener = new StreamListener(options);
      const server = listener.#server;
      server.once('error', reject);
      const { host, port, ipv6Only } = options;
      server.listen({ host, port, ipv6Only }, () => {
        server.off('error', reject);
        const address = server.address();
        if (address !== null && typeof address === 'object') listener.#port = address.port;
        resolve(listener);
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  /** Of TLS listeners: for handshakes that begin from now on. */
  setSecureContext(context: TlsIdentity): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(context);
  }

  send(bytes: Buffer, client: FiveTuple, droppable: boolean): void {
    this.#accepted.get(tupleKey(client))?.connection?.send(bytes, droppable);
  }

  closeClient(client: FiveTuple): void {
    this.#accepted.get(tupleKey(client))?.connection?.close();
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#closed = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { connection, socket } of this.#accepted.values()) {
      connection?.close();
      socket.destroy();
    }
    return closed;
  }

  /** A TCP connection is there; TLS has yet to begin. */
  #accept(socket: Socket): void {
    const client = this.#tupleOf(socket);
    const source = sourceKey(client.clientAddress);
    if (this.#isFull(source)) {
      socket.destroy();
      return;
    }
    const key = tupleKey(client);
    this.#accepted.set(key, { client, source, socket, connection: undefined });
    socket.on('error', (error) => this.#options.log.debug({ err: error }, 'a TURN client broke off'));
    socket.on('close', () => {
      if (this.#accepted.get(key)?.socket === socket) this.#accepted.delete(key);
    });
  }

  #isFull(source: string): boolean {
    const { connections, connectionsPerAddress, strangers } = this.#options.limits;
    let fromSource = 0;
    let unknown = 0;
    for (const accepted of this.#accepted.values()) {
      if (accepted.source === source) fromSource++;
      if (accepted.connection?.isStranger ?? true) unknown++;
    }
    return this.#accepted.size >= connections || fromSource >= connectionsPerAddress || unknown >= strangers;
  }

  #ready(socket: Socket): void {
    const accepted = this.#accepted.get(tupleKey(this.#tupleOf(socket)));
    if (accepted === undefined || socket.destroyed) {
      socket.destroy();
      return;
    }
    const { limits, handler, log } = this.#options;
    accepted.connection = new StreamConnection(socket, accepted.client, limits, handler, log);
  }

  /** A socket that is closed already has no remote address any more. */
  #tupleOf(socket: Socket): FiveTuple {
    return {
      transport: this.#options.tls === undefined ? 'tcp' : 'tls',
      clientAddress: socket.remoteAddress ?? '::',
      clientPort: socket.remotePort ?? 0,
      serverAddress: this.#options.host,
      serverPort: this.#port,
    };
  }
}
