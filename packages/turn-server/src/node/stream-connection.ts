// One TCP or TLS client: its bytes cut into messages, its time limits, and a bound on what waits to be sent to it.
import type { Socket } from 'node:net';
import { FramingError, StreamFramer } from '@parley/rtc';
import type { Logger } from 'pino';
import type { FiveTuple } from '../protocol/five-tuple.ts';

export interface StreamLimits {
  /** Connections of one listener, and of one source address. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Of one listener: connections that have no allocation (yet). */
  readonly strangers: number;
  /** How long a connection may be without an allocation, TLS handshake included, in ms. */
  readonly strangerMs: number;
  /** How long one message may take to arrive, in ms. */
  readonly messageMs: number;
  /** What may wait for a slow client, in bytes; above it peers' data is dropped. */
  readonly bufferedBytes: number;
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  connections: 2000,
  connectionsPerAddress: 1000,
  strangers: 500,
  strangerMs: 15_000,
  messageMs: 10_000,
  // A third of a second at 6 Mbit/s: older media is of no use to a call.
  bufferedBytes: 256 * 1024,
};

/** What the connections of a listener are fed into. */
export interface StreamHandler {
  onMessage(bytes: Buffer, client: FiveTuple): void;
  onGone(client: FiveTuple): void;
  hasAllocation(client: FiveTuple): boolean;
}

export class StreamConnection {
  readonly #socket: Socket;
  readonly #client: FiveTuple;
  readonly #limits: StreamLimits;
  readonly #handler: StreamHandler;
  readonly #log: Logger;
  readonly #framer = new StreamFramer();
  #strangerTimer: NodeJS.Timeout | undefined;
  #messageTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(socket: Socket, client: FiveTuple, limits: StreamLimits, handler: StreamHandler, log: Logger) {
    this.#socket = socket;
    this.#client = client;
    this.#limits = limits;
    this.#handler = handler;
    this.#log = log;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => log.debug({ err: error }, 'the connection of a TURN client broke'));
    socket.on('close', () => this.close());
    this.#watchStranger();
  }

  get isStranger(): boolean {
    return this.#strangerTimer !== undefined;
  }

  /** `droppable`: a peer's data. Without it, a client that does not read its answers is cut off instead. */
  send(bytes: Buffer, droppable: boolean): void {
    if (this.#closed) return;
    // An answer may be that there is no allocation after all.
    if (!droppable) this.#watchStranger();
    if (this.#socket.writableLength + bytes.length <= this.#limits.bufferedBytes) this.#socket.write(bytes);
    else if (!droppable) this.close('does not read what it is sent');
  }

  close(reason?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    if (reason !== undefined) this.#log.debug({ client: this.#client, reason }, 'cut off a TURN client');
    clearTimeout(this.#strangerTimer);
    clearTimeout(this.#messageTimer);
    this.#socket.destroy();
    this.#handler.onGone(this.#client);
  }

  #receive(chunk: Buffer): void {
    for (const message of this.#cut(chunk)) {
      if (this.#closed) return;
      this.#handler.onMessage(message, this.#client);
    }
    if (this.#closed) return;
    this.#watchStranger();
    this.#watchMessage();
  }

  #cut(chunk: Buffer): Buffer[] {
    try {
      return this.#framer.push(chunk);
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.close(error.message);
      return [];
    }
  }

  /** The clock runs from the connection's begin, or from when its allocation was released. */
  #watchStranger(): void {
    if (this.#handler.hasAllocation(this.#client)) {
      clearTimeout(this.#strangerTimer);
      this.#strangerTimer = undefined;
    } else {
      this.#strangerTimer ??= setTimeout(() => this.close('asks for no allocation'), this.#limits.strangerMs);
    }
  }

  #watchMessage(): void {
    if (!this.#framer.isInsideMessage) {
      clearTimeout(this.#messageTimer);
      this.#messageTimer = undefined;
    } else {
      this.#messageTimer ??= setTimeout(
        () => this.close('does not finish its message'),
        this.#limits.messageMs,
      );
    }
  }
}
