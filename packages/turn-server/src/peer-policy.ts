// Whom the relay may talk to, decided in this one place: the media server's own addresses and ports and nobody else.
// A list of what is allowed, so that nothing forbidden (loopback, private, link-local, metadata …) needs to be known.
import { ipAddressFromBytes, ipAddressToBytes, type TransportAddress } from '@parley/rtc';

export class PeerPolicy {
  #pairs = new Set<string>();
  #addresses = new Set<string>();

  /** @throws TypeError when an address is no IP address, RangeError when no single host can have it. */
  constructor(permitted: readonly TransportAddress[]) {
    this.update(permitted);
  }

  /** Takes the place of what was permitted; holds for running allocations at once. Throws as the constructor does. */
  update(permitted: readonly TransportAddress[]): void {
    const peers = permitted.map(({ address, port }) => ({ address: permittableAddress(address), port }));
    for (const { port } of peers) {
      if (!(Number.isInteger(port) && port > 0 && port < 65_536))
        throw new RangeError(`no peer has port ${port}`);
    }
    this.#pairs = new Set(peers.map(({ address, port }) => pairKey(address, port)));
    this.#addresses = new Set(peers.map(({ address }) => address));
  }

  /** `address`: canonical. For permissions, which TURN gives for an address and all of its ports (RFC 8656, section 9). */
  permitsAddress(address: string): boolean {
    return this.#addresses.has(address);
  }

  /** `address`: canonical. For every datagram, both ways. */
  permits(address: string, port: number): boolean {
    return this.#pairs.has(pairKey(address, port));
  }
}

/**
 * One spelling for each host: IPv6 as RFC 5952 writes it, without a zone, and IPv4 wherever an IPv6 address only wraps
 * one: mapped (::ffff:0:0/96), translated (::ffff:0:0:0/96), compatible (::/96), NAT64 (64:ff9b::/96), 6to4 (2002::/16)
 * and Teredo (2001::/32, the client's address). Throws a TypeError when the text is no IP address.
 */
export function canonicalAddress(text: string): string {
  const bytes = ipAddressToBytes(text);
  return ipAddressFromBytes(bytes.length === 16 ? (wrappedIpv4(bytes) ?? bytes) : bytes);
}

const IPV4_BEHIND = ['0000000000000000ffff0000', '0064ff9b0000000000000000'].map((hex) =>
  Buffer.from(hex, 'hex'),
);
const ZEROS = Buffer.alloc(12);

function wrappedIpv4(bytes: Buffer): Buffer | undefined {
  const prefix = bytes.subarray(0, 12);
  const last = bytes.subarray(12);
  if (IPV4_BEHIND.some((known) => known.equals(prefix))) return last;
  // "::" and "::1" are addresses of their own, not 0.0.0.0 and 0.0.0.1 (RFC 4291, section 2.5.5.1).
  if (ZEROS.equals(prefix) && last.readUInt32BE(0) > 1) return last;
  if (bytes.readUInt16BE(0) === 0x2002) return bytes.subarray(2, 6);
  if (bytes.readUInt32BE(0) === 0x2001_0000) return Buffer.from(last.map((byte) => byte ^ 0xff));
  return undefined;
}

/** Refuses what would open the relay to a group or to whatever host it runs on; that can only be a mistake. */
function permittableAddress(text: string): string {
  const address = canonicalAddress(text);
  const bytes = ipAddressToBytes(address);
  const isIpv4 = bytes.length === 4;
  const multicast = isIpv4 ? bytes[0] >= 224 : bytes[0] === 0xff;
  const unspecified = isIpv4 ? bytes[0] === 0 : bytes.every((byte) => byte === 0);
  if (multicast || unspecified) throw new RangeError(`"${text}" is not the address of one host`);
  return address;
}

function pairKey(address: string, port: number): string {
  return `${address} ${port}`;
}
