// Addresses of hosts as texts: which they are, how they stand in a URL, and those of this machine. Opens nothing.
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Every address by which others may reach this machine, without loopback and link-local ones, IPv4 first. */
export function ownAddresses(): string[] {
  return (
    Object.values(networkInterfaces())
      .flatMap((entries) => entries ?? [])
      // A link-local address cannot be bound to without its link, nor named in a URL or a TURN address.
      .filter(({ address, internal }) => !internal && !/^fe[89ab]/i.test(address))
      .sort((a, b) => a.family.localeCompare(b.family))
      .map(({ address }) => address)
  );
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\./.test(host);
}

/** All addresses at once, in a URL or as what a server listens on. */
export function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '[::]';
}

/** The host part of a URL, or of a TURN address. */
export function urlHost(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}
