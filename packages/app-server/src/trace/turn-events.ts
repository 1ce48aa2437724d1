// What a TURN server that runs beside this server tells of its allocations. It knows participants and no streams.
export interface TurnEvent {
  /** In ms since 1970. */
  readonly at: number;
  readonly kind: 'allocated' | 'refused' | 'permission' | 'refused-peer' | 'expired' | 'closed';
  /** For whom the credentials were minted. */
  readonly participant: string;
  /** With its port. */
  readonly relayedAddress?: string | undefined;
  readonly reason?: string | undefined;
}

/** Calls the listener with each event until the returned function is called. */
export type TurnEvents = (listener: (event: TurnEvent) => void) => () => void;
