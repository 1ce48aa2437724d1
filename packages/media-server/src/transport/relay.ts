// A relay of this side: an allocation on a TURN server when one is asked for, another one when that is lost and it is asked for
// again. Remembers who is to be let through.
import { isIP } from 'node:net';
import type { Logger } from 'pino';
import { parseCandidate, relayedCandidate, writeCandidate } from '@parley/rtc';
import type { DatagramKind } from './media-port.ts';
import type { Path } from './path.ts';
import { RelayAllocation, type TurnServer } from './relay-allocation.ts';

export type { TurnServer } from './relay-allocation.ts';

/** Let through at a time. */
const MAX_HOSTS = 32;

export interface RelayOptions {
  readonly log: Logger;
  /** Gives true when the path is now known to lead to the peer. */
  onPacket(kind: DatagramKind, bytes: Buffer, path: Path, now: number): boolean;
  /** Nothing comes or goes this way any more: the relay is lost. `now` in ms. */
  onPathClosed(path: Path, now: number): void;
  /** The peer does not reach this side by this candidate line any more. */
  onLost(candidate: string): void;
}

export class Relay {
  readonly #options: RelayOptions;
  readonly #hosts = new Set<string>();
  #allocation: RelayAllocation | undefined;
  #candidate: string | undefined;
  #closed = false;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /**
   * Where the peer reaches this side through the server, as a candidate line; undefined: not at all. Opens the relay, and
   * gives the same as long as that stands. Takes some seconds at most, and never rejects.
   */
  async candidate(server: TurnServer): Promise<string | undefined> {
    if (this.#closed) return undefined;
    this.#allocation ??= new RelayAllocation(server, this.#hosts, {
      log: this.#options.log,
      onPacket: (kind, bytes, path, now) => this.#options.onPacket(kind, bytes, path, now),
      onLost: (paths, now) => this.#onLost(paths, now),
    });
    const allocation = this.#allocation;
    const relayed = await allocation.relayed;
    if (!relayed || allocation !== this.#allocation) return undefined;
    this.#candidate = writeCandidate(relayedCandidate(relayed, server.host));
    return this.#candidate;
  }

  /** Lets the host of a peer's candidate through; a name (mDNS) cannot be. */
  permit(line: string): void {
    const address = parseCandidate(line)?.address ?? '';
    if (isIP(address) === 0 || this.#hosts.size >= MAX_HOSTS) return;
    this.#hosts.add(address);
    this.#allocation?.permit(address);
  }

  /** Gives the allocation back. Idempotent. What was sent before still leaves. */
  close(): void {
    this.#closed = true;
    this.#allocation?.close();
  }

  #onLost(paths: readonly Path[], now: number): void {
    const candidate = this.#candidate;
    this.#allocation = undefined;
    this.#candidate = undefined;
    for (const path of paths) this.#options.onPathClosed(path, now);
    if (candidate !== undefined) this.#options.onLost(candidate);
  }
}
