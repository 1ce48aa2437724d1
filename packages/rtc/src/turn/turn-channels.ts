// The channels of one allocation: a peer's packets behind a number of four bytes instead of a whole STUN message (RFC 8656,
// section 12). A number is never given to another peer.
import type { TransportAddress } from '../stun/stun-attributes.ts';
import { FIRST_CHANNEL } from './channel-data.ts';

/** Of the ten minutes that a binding lasts: time enough to ask more than once. */
const RENEWED_AFTER_MS = 480_000;
/** Paths that a peer checks; the others' packets are sent without. */
const MAX_CHANNELS = 16;

export interface TurnChannel {
  readonly number: number;
  readonly peer: TransportAddress;
  /** The server knows it. */
  isBound: boolean;
  /** When the server is to be asked (again), in ms; Infinity: not as long as an answer is waited for, or after a refusal. */
  askAt: number;
}

export class TurnChannels {
  /** In the order of their numbers. */
  readonly #all: TurnChannel[] = [];
  readonly #byPeer = new Map<string, TurnChannel>();

  /** Wants one for the peer; one too many is left out. */
  want(peer: TransportAddress): void {
    const key = keyOf(peer);
    if (this.#byPeer.has(key) || this.#all.length >= MAX_CHANNELS) return;
    const channel = { number: FIRST_CHANNEL + this.#all.length, peer, isBound: false, askAt: 0 };
    this.#all.push(channel);
    this.#byPeer.set(key, channel);
  }

  /** Undefined: the peer's packets are to be sent without. */
  boundTo(peer: TransportAddress): TurnChannel | undefined {
    const channel = this.#byPeer.get(keyOf(peer));
    return channel?.isBound ? channel : undefined;
  }

  /** Whose packets come by this number. */
  peerOf(number: number): TransportAddress | undefined {
    return this.#all[number - FIRST_CHANNEL]?.peer;
  }

  /** When `due` has something next, in ms. */
  get deadline(): number {
    return Math.min(...this.#all.map(({ askAt }) => askAt));
  }

  /** Those that the server is to be asked for now. */
  due(now: number): TurnChannel[] {
    const due = this.#all.filter(({ askAt }) => now >= askAt);
    for (const channel of due) channel.askAt = Infinity;
    return due;
  }
}

/** The server has agreed. `now` in ms. */
export function bound(channel: TurnChannel, now: number): void {
  channel.isBound = true;
  channel.askAt = now + RENEWED_AFTER_MS;
}

function keyOf({ address, port }: TransportAddress): string {
  return `${address} ${port}`;
}
