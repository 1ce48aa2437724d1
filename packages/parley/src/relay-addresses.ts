// Which addresses the embedded relay uses: where it listens, what it relays from, whom it may reach, what browsers are
// told. Behind address translation these differ. Decides by addresses alone: opens nothing.
import { isIP } from 'node:net';
import type { PermittedPeer, RelayAddress } from '@parley/turn-server';
import { isLoopback, ownAddresses } from './addresses.ts';

export interface RelayAddresses {
  /** Addresses of this machine. */
  readonly listen: readonly string[];
  /** One of each family at most. */
  readonly relay: readonly RelayAddress[];
  readonly peers: readonly PermittedPeer[];
  /** By which browsers reach it. */
  readonly told: readonly string[];
  /** Announced addresses that cannot be relayed to, since this machine has no address of their family. */
  readonly impossible: readonly string[];
}

/** Browsers make an allocation for each address, transport and leg: more would only make them slower to give up. */
const MAX_TOLD = { 4: 2, 6: 1 } as const;
/** A machine may have an address for each of its containers; translation leads to one of the first. */
const MAX_LISTENING = 8;

/**
 * @param announced where browsers send media to
 * @param own the addresses of this machine; asked for when left out
 * @returns undefined when there is nothing to listen on
 */
export function relayAddresses(
  { addresses: announced, rtcPort }: { addresses: readonly string[]; rtcPort: number },
  own: readonly string[] = ownAddresses(),
): RelayAddresses | undefined {
  const families = ([4, 6] as const).map((family) => {
    const isOfFamily = (address: string) => isIP(address) === family;
    const wanted = announced.filter((address) => isOfFamily(address) && !isLoopback(address));
    const local = own
      .filter((address) => isOfFamily(address) && !isLoopback(address))
      // Those that browsers are told first: they must not be among the ones that are one too many.
      .sort((a, b) => Number(wanted.includes(b)) - Number(wanted.includes(a)))
      .slice(0, MAX_LISTENING);
    return { ...ofFamily(wanted, local, rtcPort), told: wanted.slice(0, MAX_TOLD[family]) };
  });
  const possible = families.filter(({ listen }) => listen.length > 0);
  if (possible.length === 0) return undefined;
  return {
    listen: possible.flatMap(({ listen }) => listen),
    relay: possible.flatMap(({ relay }) => relay),
    peers: possible.flatMap(({ peers }) => peers),
    told: possible.flatMap(({ told }) => told),
    impossible: families.filter(({ listen }) => listen.length === 0).flatMap(({ told }) => told),
  };
}

function ofFamily(
  announced: readonly string[],
  own: readonly string[],
  port: number,
): Omit<RelayAddresses, 'told' | 'impossible'> {
  const [first] = announced;
  if (first === undefined || own.length === 0) return { listen: [], relay: [], peers: [] };
  const local = announced.filter((address) => own.includes(address));
  const peers = announced.map((address) => ({ address, port }));
  const [near] = local;
  if (near !== undefined) {
    // What else is announced leads here from outside; whoever is out there is relayed to the near one.
    const listen = local.length === announced.length ? local : own;
    return { listen, relay: [{ address: near, told: near }], peers };
  }
  // Behind address translation: the way out and in again often does not exist, so the media server, which is on this
  // machine, is reached by an address of the machine. By one announced address only: answers could not be told apart.
  const [reachedAt] = own;
  return {
    listen: own,
    relay: [{ address: reachedAt, told: first }],
    peers: peers.map((peer) => (peer.address === first ? { ...peer, reachedAt } : peer)),
  };
}
