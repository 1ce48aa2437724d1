// What a TURN server that runs beside this server tells of its allocations. It knows participants and no streams.
export interface TurnEvent {
  /** In ms since 1970. */
  readonly at: number;
  readonly kind: 'allocated' | 'refused' | 'permission' | 'refused-peer' | 'expired' | 'closed';
  /** For whom the credentials were minted. */
  readonly participant: string;
  /** The browser's; with its port, as all addresses here. */
  readonly clientAddress?: string | undefined;
  /** Between browser and TURN server: `udp`, `tcp`, `tls`. */
  readonly protocol?: string | undefined;
  readonly relayedAddress?: string | undefined;
  /** Whom the browser may reach, or may not. */
  readonly peer?: string | undefined;
  readonly reason?: string | undefined;
}

/** Calls the listener with each event until the returned function is called. */
export type TurnEvents = (listener: (event: TurnEvent) => void) => () => void;
