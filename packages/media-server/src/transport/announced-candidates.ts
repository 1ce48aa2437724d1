// Which addresses a peer is told to send to, as candidate lines: the server's, unless an endpoint wants those of certain
// interfaces, or others in their place. Opens nothing: the media port listens on all of them.
import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import {
  hostCandidate,
  parseCandidate,
  reflexiveCandidate,
  writeCandidate,
  type TransportAddress,
} from '@parley/rtc';
import type { StunServer } from './outside-addresses.ts';

export interface AddressChoice {
  /** Names of interfaces whose addresses are told; empty: those that the server announces. */
  readonly interfaces: readonly string[];
  /** Told in place of the addresses of its family; undefined: they are told themselves. */
  readonly externalIPv4: string | undefined;
  readonly externalIPv6: string | undefined;
  readonly tcp: boolean;
}

export const EVERY_ADDRESS: AddressChoice = {
  interfaces: [],
  externalIPv4: undefined,
  externalIPv6: undefined,
  tcp: true,
};

/** As candidate lines without `a=`, the preferred ones first (RFC 8839, section 5.1). */
export interface AnnouncedCandidates {
  readonly all: readonly string[];
  readonly tcp: readonly string[];
}

/** The media port at each address, over UDP and, where wanted, TCP. */
export function candidatesAt(addresses: readonly string[], port: number, tcp: boolean): AnnouncedCandidates {
  const over = (transport: 'udp' | 'tcp'): string[] =>
    addresses.map((ip, index) =>
      writeCandidate(hostCandidate(ip, port, { transport, localPreference: 65_535 - index })),
    );
  const overTcp = tcp ? over('tcp') : [];
  return { all: [...over('udp'), ...overTcp], tcp: overTcp };
}

/**
 * The media port as a STUN server sees it, as a candidate line. Undefined when `told`, the lines that the peer has anyway,
 * name that address (RFC 8445, section 5.1.3).
 */
export function candidateOutside(
  outside: TransportAddress,
  server: StunServer,
  told: readonly string[],
): string | undefined {
  const hosts = told.map(parseCandidate).filter((host) => host?.transport === 'udp' && host.type === 'host');
  if (hosts.some((host) => host?.address === outside.address && host.port === outside.port)) return undefined;
  const base = hosts.find((host) => host && isIPv6(host.address) === isIPv6(outside.address));
  return writeCandidate(reflexiveCandidate(outside, base, server.address));
}

export function chooseAddresses(announced: readonly string[], choice: AddressChoice): string[] {
  const { interfaces, externalIPv4, externalIPv6 } = choice;
  const own = interfaces.length > 0 ? interfaces.flatMap(addressesOf) : announced;
  const told = own.map((address) => (isIPv4(address) ? externalIPv4 : externalIPv6) ?? address);
  // An external address is reached by translation, so it counts even where there is no own one of its family.
  for (const external of [externalIPv4, externalIPv6]) if (external !== undefined) told.push(external);
  return [...new Set(told)];
}

/** The addresses of one interface that others can send to, IPv4 first; empty when there is none of that name. */
export function addressesOf(name: string): string[] {
  const interfaces = networkInterfaces();
  const entries = Object.hasOwn(interfaces, name) ? interfaces[name] : undefined;
  return (
    (entries ?? [])
      .map(({ address }) => address)
      // A link-local address means nothing without its link, which a candidate cannot name (RFC 8445, 5.1.1.1).
      .filter((address) => !address.startsWith('fe80:'))
      .sort((a, b) => Number(isIPv6(a)) - Number(isIPv6(b)))
  );
}
