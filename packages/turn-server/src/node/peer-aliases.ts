// Peers that clients know by an address at which the relay does not reach them: the media server behind address
// translation is known by its public address and reached by its own. Translates both ways; permits nothing.
import type { TransportAddress } from '@parley/rtc';
import { canonicalAddress } from '../peer-policy.ts';

export interface PermittedPeer extends TransportAddress {
  /** Where its datagrams go and come from instead of `address`, under the same port. One peer for each such address. */
  readonly reachedAt?: string;
}

export class PeerAliases {
  readonly #reached = new Map<string, string>();
  readonly #known = new Map<string, string>();

  /** @throws TypeError when an address is none, RangeError when two peers would be reached at the same address */
  constructor(peers: readonly PermittedPeer[]) {
    for (const { address, port, reachedAt } of peers) {
      if (reachedAt === undefined) continue;
      const [known, reached] = [canonicalAddress(address), canonicalAddress(reachedAt)];
      const both = peers.some((other) => other.port === port && canonicalAddress(other.address) === reached);
      if (both || this.#known.has(key(reached, port)))
        throw new RangeError(`two peers would be reached at ${reachedAt} port ${port}`);
      this.#reached.set(key(known, port), reached);
      this.#known.set(key(reached, port), known);
    }
  }

  /** Where to send what is for this peer. */
  reach(peer: TransportAddress): TransportAddress {
    return this.#translate(this.#reached, peer);
  }

  /** Whom clients know by this source. */
  know(source: TransportAddress): TransportAddress {
    return this.#translate(this.#known, source);
  }

  #translate(addresses: ReadonlyMap<string, string>, from: TransportAddress): TransportAddress {
    if (addresses.size === 0) return from;
    const address = addresses.get(key(from.address, from.port));
    return address === undefined ? from : { address, port: from.port };
  }
}

function key(address: string, port: number): string {
  return `${address} ${port}`;
}
