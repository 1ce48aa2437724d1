// One client of the UDP proxy: its own socket towards the target, and a link each way.
import { createSocket, type Socket } from 'node:dgram';
import type { ClockedLink } from './clocked-link.ts';
import type { Address, Direction } from './direction.ts';

export interface ResolvedAddress extends Address {
  readonly family: 4 | 6;
}

export interface UdpFlowOptions {
  readonly client: Address;
  /** An IP address, not a name: packets from elsewhere are not let through. */
  readonly target: ResolvedAddress;
  /** The address that the target is to see; default: the operating system's choice. */
  readonly source: string | undefined;
  readonly makeLink: (direction: Direction, deliver: (bytes: Buffer) => void) => ClockedLink;
  readonly sendToClient: (bytes: Buffer) => void;
  /** Called with each datagram of the target, before it enters the link. */
  readonly onAnswer: (bytes: Buffer) => void;
  /** The socket towards the target failed: the flow is of no use any more. */
  readonly onError: (error: Error) => void;
}

export class UdpFlow {
  readonly client: Address;
  readonly links: Readonly<Record<Direction, ClockedLink>>;
  /** ms of `performance.now()`. */
  lastActive = performance.now();
  readonly #options: UdpFlowOptions;
  #socket: Socket;
  #closed = false;

  constructor(options: UdpFlowOptions) {
    this.client = options.client;
    this.#options = options;
    this.links = {
      up: options.makeLink('up', (bytes) => this.#sendToTarget(bytes)),
      down: options.makeLink('down', (bytes) => options.sendToClient(bytes)),
    };
    this.#socket = this.#openSocket();
    this.#socket.on('error', options.onError);
    this.#socket.bind(0, options.source);
  }

  /**
   * From now on the target sees another source port, and another address if `host` says so; answers to the former
   * source are lost. Resolves with the new source once it is in use. Rejects when `host` is not of this machine (the
   * former source stays) or the flow was closed meanwhile.
   */
  async rebind(host: string | undefined): Promise<Address> {
    const socket = this.#openSocket();
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, host, resolve);
    });
    if (this.#closed) {
      socket.close();
      throw new Error('the proxy was closed while a new source was being bound');
    }
    socket.on('error', this.#options.onError);
    this.#socket.close();
    this.#socket = socket;
    return { host: socket.address().address, port: socket.address().port };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.links.up.close();
    this.links.down.close();
    this.#socket.close();
  }

  #sendToTarget(bytes: Buffer): void {
    const { host, port } = this.#options.target;
    // A datagram that the system refuses is one that the network lost.
    if (!this.#closed) this.#socket.send(bytes, port, host, () => undefined);
  }

  #openSocket(): Socket {
    const { target, onAnswer } = this.#options;
    const socket = createSocket(target.family === 6 ? 'udp6' : 'udp4');
    socket.on('message', (bytes, from) => {
      if (from.port === target.port && from.address === target.host) onAnswer(bytes);
    });
    return socket;
  }
}
