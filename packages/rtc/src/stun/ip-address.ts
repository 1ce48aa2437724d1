// Textual IP addresses to bytes and back, as STUN attributes carry them. No sockets, no name resolution.
import { isIPv4, isIPv6 } from 'node:net';

const IPV4_MAPPED_PREFIX = Buffer.from('00000000000000000000ffff', 'hex');

/**
 * The 4 or 16 bytes of an address. A zone ("%eth0") is dropped, and an IPv4-mapped IPv6 address, which is how IPv4
 * peers look on a dual-stack socket, gives 4 bytes. Throws a TypeError when the text is no IP address.
 */
export function ipAddressToBytes(address: string): Buffer {
  if (isIPv4(address)) return ipv4ToBytes(address);
  const [withoutZone = ''] = address.split('%');
  if (!isIPv6(withoutZone)) throw new TypeError(`not an IP address: "${address}"`);
  const bytes = ipv6ToBytes(withoutZone);
  return bytes.subarray(0, 12).equals(IPV4_MAPPED_PREFIX) ? bytes.subarray(12) : bytes;
}

/** The address of 4 or 16 bytes as text; IPv6 in the canonical form of RFC 5952. */
export function ipAddressFromBytes(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16)).join(':');
  // The URL parser shortens an IPv6 host as RFC 5952 asks.
  return new URL(`http://[${groups}]/`).hostname.slice(1, -1);
}

function ipv4ToBytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** `address` is known to be valid. */
function ipv6ToBytes(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const before = groupsToBytes(head);
  if (tail === undefined) return before;
  const after = groupsToBytes(tail);
  return Buffer.concat([before, Buffer.alloc(16 - before.length - after.length), after]);
}

function groupsToBytes(text: string): Buffer {
  if (text === '') return Buffer.alloc(0);
  const groups = text.split(':').map((group) => {
    if (group.includes('.')) return ipv4ToBytes(group);
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16BE(Number.parseInt(group, 16));
    return bytes;
  });
  return Buffer.concat(groups);
}
