// One connection through the TCP proxy: a reliable link each way, back-pressure, and the ways in which TCP dies.
import type { Socket } from 'node:net';
import type { ClockedLink } from './clocked-link.ts';
import type { Direction } from './direction.ts';

/** What travels as one packet: a usual segment. */
const SEGMENT_BYTES = 1_400;

/** A source is not read while this much of it is on its way. As a TCP window: enough for 100 Mbit/s at 300 ms. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

export interface TcpConnectionOptions {
  readonly client: Socket;
  readonly target: Socket;
  readonly makeLink: (direction: Direction, deliver: (bytes: Buffer) => void) => ClockedLink;
  /** How many bytes may wait for the bottleneck before the source is not read any more. */
  readonly queueBytes: (direction: Direction) => number;
  readonly onClosed: () => void;
}

/** One way through: reads `from`, writes `to`. */
interface Way {
  readonly from: Socket;
  readonly to: Socket;
  readonly link: ClockedLink;
  readonly queueBytes: () => number;
  ended: boolean;
}

export class TcpConnection {
  readonly #options: TcpConnectionOptions;
  readonly #ways: Readonly<Record<Direction, Way>>;
  #silent = false;
  #closed = false;

  constructor(options: TcpConnectionOptions) {
    this.#options = options;
    const { client, target } = options;
    this.#ways = { up: this.#way('up', client, target), down: this.#way('down', target, client) };
    for (const way of Object.values(this.#ways)) this.#read(way);
  }

  link(direction: Direction): ClockedLink {
    return this.#ways[direction].link;
  }

  /** Nothing arrives any more while stalled; nothing is lost. */
  stall(direction: Direction, stalled: boolean): void {
    this.#ways[direction].link.hold(stalled);
  }

  /** From now on both ends hear nothing, not even an end: as when a router forgets the connection. For good. */
  silence(): void {
    this.#silent = true;
    for (const way of Object.values(this.#ways)) {
      way.link.close();
      way.from.resume();
    }
  }

  /** Ends both sides with a reset (as a router that refuses) or without further ado. Idempotent. */
  close(how: 'reset' | 'destroy'): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { from, link } of Object.values(this.#ways)) {
      link.close();
      if (how === 'reset') from.resetAndDestroy();
      else from.destroy();
    }
    this.#options.onClosed();
  }

  #way(direction: Direction, from: Socket, to: Socket): Way {
    const link = this.#options.makeLink(direction, (bytes) => {
      if (to.writable) to.write(bytes);
      this.#flow(way);
    });
    const way: Way = { from, to, link, queueBytes: () => this.#options.queueBytes(direction), ended: false };
    return way;
  }

  #read(way: Way): void {
    way.from.on('data', (bytes: Buffer) => {
      if (this.#silent) return;
      for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
        way.link.push(bytes.subarray(at, at + SEGMENT_BYTES));
      }
      this.#flow(way);
    });
    way.from.on('end', () => {
      way.ended = true;
      this.#flow(way);
    });
    way.to.on('drain', () => this.#flow(way));
    way.from.on('error', () => {
      if (!this.#silent) this.close('reset');
    });
    way.from.on('close', () => {
      if (this.#closed) return;
      const { client, target } = this.#options;
      if (client.destroyed && target.destroyed) this.close('destroy');
    });
  }

  /** Reads on or waits, as much as is on its way; passes the end on once everything before it has arrived. */
  #flow(way: Way): void {
    if (this.#silent || this.#closed) return;
    const { from, to, link } = way;
    const full = link.heldBytes + to.writableLength >= MAX_HELD_BYTES || link.queuedBytes >= way.queueBytes();
    if (full) from.pause();
    else if (from.isPaused()) from.resume();
    if (way.ended && link.heldBytes === 0 && to.writable) to.end();
  }
}
