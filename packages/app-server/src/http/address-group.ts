// Which addresses count as one for limits. Knows no limit.
import { isIPv6 } from 'node:net';

/** Groups of 16 bits that an IPv6 customer is given at least: whoever has one address has all of its /64. */
const CUSTOMER_GROUPS = 4;

/**
 * The /64 of an IPv6 address, the IPv4 address in one that only wraps it (`::ffff:192.0.2.1`), and everything else as it is.
 */
export function addressGroup(address: string): string {
  if (!isIPv6(address)) return address;
  const groups = groupsOf(address);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return [groups[6], groups[7]].flatMap((group = 0) => [group >> 8, group & 0xff]).join('.');
  const prefix = groups.slice(0, CUSTOMER_GROUPS).map((group) => group.toString(16));
  return `${prefix.join(':')}::/64`;
}

/** All eight, of an address that is one (RFC 4291, section 2.2). */
function groupsOf(address: string): number[] {
  const [plain = ''] = address.split('%', 1);
  const [head = [], tail] = plain.split('::').map(listed);
  if (tail === undefined) return head;
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function listed(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return parseInt(group, 16);
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
