// Which client a message comes from and goes to. An allocation belongs to exactly one of these (RFC 8656, section 3.2).
import { ipAddressToBytes } from '@parley/rtc';
import { canonicalAddress } from '../peer-policy.ts';

export type ClientTransport = 'udp' | 'tcp' | 'tls';

export interface FiveTuple {
  readonly transport: ClientTransport;
  readonly clientAddress: string;
  readonly clientPort: number;
  /** What the listener is bound to. */
  readonly serverAddress: string;
  readonly serverPort: number;
}

export function tupleKey(tuple: FiveTuple): string {
  return `${tuple.transport} ${tuple.clientAddress} ${tuple.clientPort} ${tuple.serverAddress} ${tuple.serverPort}`;
}

/** What counts as one source for quotas: an IPv4 address, or the /64 that one IPv6 customer has at least. */
export function sourceKey(address: string): string {
  const canonical = canonicalAddress(address);
  return canonical.includes(':') ? ipAddressToBytes(canonical).toString('hex', 0, 8) : canonical;
}
