// What the protocol asks its surroundings to do. Done in the order given.
import type { TransportAddress } from '@parley/rtc';
import type { AllocationSummary } from './allocation.ts';
import type { FiveTuple } from './five-tuple.ts';

/** Names an allocation's relay socket between protocol and sockets. */
export type RelayId = number;

export type AllocationEnd = 'expired' | 'released' | 'client-gone' | 'relay-failed';

export type TurnAction =
  /** One whole message to a client. `data`: a peer's, which may be dropped where it would pile up. */
  | { readonly type: 'send'; readonly to: FiveTuple; readonly bytes: Buffer; readonly data?: true }
  /** Bind a UDP socket to `address`, then call `handleRelayOpened` or `handleRelayFailed`. */
  | {
      readonly type: 'open-relay';
      readonly relay: RelayId;
      readonly address: string;
      readonly participant: string;
      readonly client: FiveTuple;
    }
  /** One datagram from the relay socket to a peer that the policy permits. */
  | {
      readonly type: 'relay';
      readonly relay: RelayId;
      readonly peer: TransportAddress;
      readonly bytes: Buffer;
    }
  /** The allocation is gone; its socket goes too. */
  | {
      readonly type: 'close-relay';
      readonly relay: RelayId;
      readonly reason: AllocationEnd;
      readonly summary: AllocationSummary;
    }
  /** A TCP or TLS client has nothing more to do here. */
  | { readonly type: 'close-client'; readonly client: FiveTuple }
  /** For who follows: data may pass to and from a peer that the allocation had no permission for so far. */
  | { readonly type: 'permitted'; readonly summary: AllocationSummary; readonly peer: string }
  /** For the log: a request was refused. */
  | {
      readonly type: 'refused';
      readonly client: FiveTuple;
      /** Undefined: who it was is not proved. */
      readonly participant: string | undefined;
      readonly code: number;
      readonly reason: string;
      /** Of 403: whom the client wanted to reach. */
      readonly peer: string | undefined;
    };
