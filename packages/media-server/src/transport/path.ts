// One way to a peer: a remote address over UDP, or one TCP connection. The object itself is its identity.

export interface Path {
  readonly protocol: 'udp' | 'tcp';
  /** IP literal without zone; IPv4 in its own form, never mapped into IPv6. */
  readonly address: string;
  readonly port: number;
  /** Through a relay of this side. */
  readonly relayed?: boolean;
  /** Hands one packet to the network. Losing it is the network's business: no error, no promise. */
  send(packet: Buffer): void;
  /** Ends the connection; absent: there is none. */
  close?(): void;
}

/** `::ffff:192.0.2.1` is how a dual-stack socket names an IPv4 peer; everybody else calls it 192.0.2.1 (RFC 4291, 2.5.5.2). */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
