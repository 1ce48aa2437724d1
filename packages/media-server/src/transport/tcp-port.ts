// ICE-TCP, passive: the media port's number over TCP, for networks that let no UDP through (RFC 6544). Each connection is
// a path of its own; what is in the packets is the media port's business.
import { createServer, type Server, type Socket } from 'node:net';
import { framed, FrameSplitter } from './frame-splitter.ts';
import { Strangers } from '../strangers.ts';
import { plainAddress, type Path } from './path.ts';

export interface TcpPortListener {
  /** One packet of a connection. Gives true when the connection is known to be a peer's. */
  onPacket(packet: Buffer, path: Path): boolean;
  /** The connection is gone. */
  onClosed(path: Path): void;
}

/** Connections that have not authenticated themselves. A browser sends its check at once. */
const STRANGERS = { max: 1_024, deadlineMs: 10_000 };
/** More than this unsent and the peer's network is too slow: packets are dropped, as UDP would, instead of growing old. */
const MAX_UNSENT_BYTES = 256 * 1024;
/** A peer that neither sends nor takes anything is gone; ICE checks come every few seconds. */
const IDLE_MS = 60_000;

export class TcpPort {
  readonly #server: Server;
  readonly #listener: TcpPortListener;
  readonly #sockets = new Set<Socket>();
  readonly #strangers = new Strangers(STRANGERS);

  private constructor(server: Server, listener: TcpPortListener) {
    this.#server = server;
    this.#listener = listener;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** @throws Error with `code` EADDRINUSE or EACCES when the port cannot be had. */
  static open(host: string, port: number, listener: TcpPortListener): Promise<TcpPort> {
    const server = createServer({ noDelay: true });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        resolve(new TcpPort(server, listener));
      });
    });
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.#strangers.add(socket);
    this.#sockets.add(socket);
    const path = new TcpPath(socket);
    const splitter = new FrameSplitter();
    let isPeer = false;
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('data', (bytes) => {
      for (const packet of splitter.push(bytes)) {
        const known = this.#listener.onPacket(packet, path);
        if (!isPeer && !known) {
          // The first packet has to be an authenticated check; whoever sends anything else is no browser of ours.
          socket.destroy();
          return;
        }
        if (!isPeer) this.#strangers.leave(socket);
        isPeer = true;
      }
    });
    // What went wrong is told by 'close', which always follows.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#listener.onClosed(path);
    });
  }
}

class TcpPath implements Path {
  readonly protocol = 'tcp';
  readonly address: string;
  readonly port: number;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.address = plainAddress(socket.remoteAddress ?? '');
    this.port = socket.remotePort ?? 0;
  }

  close(): void {
    this.#socket.destroy();
  }

  send(packet: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableLength > MAX_UNSENT_BYTES) return;
    this.#socket.write(framed(packet));
  }
}
