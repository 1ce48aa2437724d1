// The UDP sockets on the side of the peers, one for each allocation.
import type { Socket } from 'node:dgram';
import type { TransportAddress } from '@parley/rtc';
import type { Logger } from 'pino';
import type { RelayId } from '../protocol/turn-action.ts';
import type { PeerAliases } from './peer-aliases.ts';
import { boundSocket } from './udp-listener.ts';

export interface PortRange {
  readonly min: number;
  /** Included. */
  readonly max: number;
}

export interface RelaySocketsOptions {
  /** Without it, the system chooses ports. */
  readonly ports: PortRange | undefined;
  readonly aliases: () => PeerAliases;
  readonly log: Logger;
  readonly onDatagram: (relay: RelayId, from: TransportAddress, bytes: Buffer) => void;
}

export class RelaySockets {
  readonly #options: RelaySocketsOptions;
  readonly #sockets = new Map<RelayId, Socket>();
  /** Asked for and not there yet; `close` takes them out. */
  readonly #opening = new Set<RelayId>();
  #nextPort: number;

  constructor(options: RelaySocketsOptions) {
    this.#options = options;
    this.#nextPort = options.ports?.min ?? 0;
  }

  /** The address it is bound to; undefined when it was closed meanwhile. Rejects with the error of bind. */
  async open(relay: RelayId, address: string): Promise<TransportAddress | undefined> {
    this.#opening.add(relay);
    const socket = await this.#bind(address).catch((error: unknown) => {
      this.#opening.delete(relay);
      throw error;
    });
    if (!this.#opening.delete(relay)) {
      socket.close();
      return undefined;
    }
    const { log, onDatagram, aliases } = this.#options;
    socket.on('error', (error) => log.debug({ err: error, relay }, 'a datagram to a peer was not sent'));
    socket.on('message', (bytes, from) =>
      onDatagram(relay, aliases().know({ address: from.address, port: from.port }), bytes),
    );
    this.#sockets.set(relay, socket);
    return { address, port: socket.address().port };
  }

  send(relay: RelayId, peer: TransportAddress, bytes: Buffer): void {
    const { address, port } = this.#options.aliases().reach(peer);
    this.#sockets.get(relay)?.send(bytes, port, address);
  }

  close(relay: RelayId): void {
    this.#opening.delete(relay);
    this.#sockets.get(relay)?.close();
    this.#sockets.delete(relay);
  }

  closeAll(): void {
    this.#opening.clear();
    for (const relay of [...this.#sockets.keys()]) this.close(relay);
  }

  /** Goes round the range, so that a port rests as long as possible before somebody else gets it. */
  async #bind(address: string): Promise<Socket> {
    const { ports } = this.#options;
    if (ports === undefined) return boundSocket({ address, port: 0 });
    for (let tries = ports.max - ports.min; ; tries--) {
      const port = this.#nextPort;
      this.#nextPort = port === ports.max ? ports.min : port + 1;
      try {
        return await boundSocket({ address, port });
      } catch (error) {
        const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (!taken || tries === 0) throw error;
      }
    }
  }
}
