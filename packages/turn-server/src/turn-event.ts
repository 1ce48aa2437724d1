// What happens at the relay, for those who follow a session through all of its parties. No secrets, no payload.
import type { TransportAddress } from '@parley/rtc';
import type { ClientTransport } from './protocol/five-tuple.ts';

export interface TurnEvent {
  /**
   * `allocated`: a relayed address was given. `refused`: a request was answered with an error. `permission`: data may pass to and
   * from a peer for the first time. `refused-peer`: the client wanted to reach somebody it may not. `expired`: an allocation
   * was not refreshed, or its credentials ended. `closed`: it was given back, or its client is gone.
   */
  readonly kind: 'allocated' | 'refused' | 'permission' | 'refused-peer' | 'expired' | 'closed';
  /** In ms since 1970. */
  readonly at: number;
  /** Undefined: whoever it was did not prove it. */
  readonly participant: string | undefined;
  /** `192.0.2.1:5000`, as all addresses here. */
  readonly clientAddress: string;
  readonly protocol: ClientTransport;
  readonly relayedAddress?: string;
  /** Of `permission`: the peer's address, without a port when it is for all that are permitted; of `refused-peer`. */
  readonly peer?: string;
  /** Of `refused` and `refused-peer`: the code and its words; of `closed`: who ended it. */
  readonly reason?: string;
}

export function addressText({ address, port }: TransportAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
