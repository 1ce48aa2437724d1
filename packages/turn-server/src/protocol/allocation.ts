// One allocation: its relayed address, whom it may reach (permissions, channels) and how much it has carried.
import type { AddressFamily, TransportAddress } from '@parley/rtc';
import type { ClientTransport, FiveTuple } from './five-tuple.ts';
import { TokenBucket, type Rate } from './token-bucket.ts';
import type { RelayId } from './turn-action.ts';

/** RFC 8656, section 9. */
export const PERMISSION_LIFETIME_MS = 300_000;
/** RFC 8656, section 12. */
export const CHANNEL_LIFETIME_MS = 600_000;

export interface AllocationSummary {
  readonly participant: string;
  readonly transport: ClientTransport;
  readonly client: TransportAddress;
  readonly server: TransportAddress;
  /** Undefined while its socket is being opened. */
  readonly relayed: TransportAddress | undefined;
  /** The peers that datagrams went to or came from. */
  readonly peers: readonly TransportAddress[];
  /** Payload from the client to peers. */
  readonly bytesUp: number;
  /** Payload from peers to the client. */
  readonly bytesDown: number;
  /** Payload above the quota, both ways. */
  readonly bytesDropped: number;
  /** In ms of the monotonic clock that the server is fed with, as `expiresAt`. */
  readonly since: number;
  readonly expiresAt: number;
}

export interface AllocationFields {
  readonly relay: RelayId;
  readonly client: FiveTuple;
  readonly participant: string;
  readonly family: AddressFamily;
  /** Of the request that made it: a retransmission of it gets the same answer. */
  readonly transactionId: Buffer;
  readonly now: number;
  readonly expiresAt: number;
  readonly rate: Rate;
}

interface Channel {
  readonly peer: TransportAddress;
  expiresAt: number;
}

export class Allocation {
  readonly relay: RelayId;
  readonly client: FiveTuple;
  readonly participant: string;
  readonly family: AddressFamily;
  readonly transactionId: Buffer;
  expiresAt: number;
  #relayed: TransportAddress | undefined;
  #answer: Buffer | undefined;
  readonly #since: number;
  readonly #up: TokenBucket;
  readonly #down: TokenBucket;
  /** Canonical address to the end of its permission. */
  readonly #permissions = new Map<string, number>();
  readonly #channels = new Map<number, Channel>();
  readonly #peers = new Map<string, TransportAddress>();
  #bytesUp = 0;
  #bytesDown = 0;
  #bytesDropped = 0;

  constructor(fields: AllocationFields) {
    this.relay = fields.relay;
    this.client = fields.client;
    this.participant = fields.participant;
    this.family = fields.family;
    this.transactionId = Buffer.from(fields.transactionId);
    this.expiresAt = fields.expiresAt;
    this.#since = fields.now;
    this.#up = new TokenBucket(fields.rate, fields.now);
    this.#down = new TokenBucket(fields.rate, fields.now);
  }

  /** Its socket is there. `answer`: the success response of Allocate. */
  opened(relayed: TransportAddress, answer: Buffer): void {
    this.#relayed = relayed;
    this.#answer = answer;
  }

  /** Undefined until `opened`. */
  get answer(): Buffer | undefined {
    return this.#answer;
  }

  permit(address: string, now: number): void {
    this.#permissions.set(address, now + PERMISSION_LIFETIME_MS);
  }

  hasPermission(address: string, now: number): boolean {
    return (this.#permissions.get(address) ?? 0) > now;
  }

  /** Binds or refreshes. False when number or peer is bound to another (RFC 8656, section 12.2). */
  bindChannel(channel: number, peer: TransportAddress, now: number): boolean {
    for (const [number, bound] of this.#channels) {
      if (bound.expiresAt <= now) this.#channels.delete(number);
      else if ((number === channel) !== isSame(bound.peer, peer)) return false;
    }
    this.#channels.set(channel, { peer, expiresAt: now + CHANNEL_LIFETIME_MS });
    return true;
  }

  peerOfChannel(channel: number, now: number): TransportAddress | undefined {
    const bound = this.#channels.get(channel);
    return bound !== undefined && bound.expiresAt > now ? bound.peer : undefined;
  }

  channelOfPeer(peer: TransportAddress, now: number): number | undefined {
    for (const [number, bound] of this.#channels)
      if (bound.expiresAt > now && isSame(bound.peer, peer)) return number;
    return undefined;
  }

  /** Whether the quota lets this much pass to the peer; counts it. */
  carryUp(peer: TransportAddress, length: number, now: number): boolean {
    if (!this.#take(this.#up, length, now)) return false;
    this.#bytesUp += length;
    this.#note(peer);
    return true;
  }

  /** The same for what comes from the peer. */
  carryDown(peer: TransportAddress, length: number, now: number): boolean {
    if (!this.#take(this.#down, length, now)) return false;
    this.#bytesDown += length;
    this.#note(peer);
    return true;
  }

  summary(): AllocationSummary {
    const { transport, clientAddress, clientPort, serverAddress, serverPort } = this.client;
    return {
      participant: this.participant,
      transport,
      client: { address: clientAddress, port: clientPort },
      server: { address: serverAddress, port: serverPort },
      relayed: this.#relayed,
      peers: [...this.#peers.values()],
      bytesUp: this.#bytesUp,
      bytesDown: this.#bytesDown,
      bytesDropped: this.#bytesDropped,
      since: this.#since,
      expiresAt: this.expiresAt,
    };
  }

  #take(bucket: TokenBucket, length: number, now: number): boolean {
    if (bucket.take(length, now)) return true;
    this.#bytesDropped += length;
    return false;
  }

  /** Bounded by the policy: only permitted peers get here. */
  #note(peer: TransportAddress): void {
    const key = `${peer.address} ${peer.port}`;
    if (!this.#peers.has(key)) this.#peers.set(key, peer);
  }
}

function isSame(one: TransportAddress, other: TransportAddress): boolean {
  return one.port === other.port && one.address === other.address;
}
