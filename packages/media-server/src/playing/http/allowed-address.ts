// Which addresses a player may fetch from. The URL of a source may come from an application's users, and this server
// may stand where they do not: next to the metadata service of a cloud, or inside of an operator's network.
import { isIP } from 'node:net';
import { ipAddressToBytes } from '@parley/rtc';

/**
 * What an HTTP source may be. `any`: all but link-local addresses and the metadata services of clouds, which answer with
 * keys to whoever asks from this machine. `public`: no loopback, private or reserved address either. `none`: nothing.
 */
export const HTTP_SOURCE_POLICIES = ['any', 'public', 'none'] as const;
export type HttpSourcePolicy = (typeof HTTP_SOURCE_POLICIES)[number];

interface Range {
  readonly bytes: Buffer;
  /** How many of the first bits count. */
  readonly bits: number;
}

/** Link-local (RFC 3927, RFC 4291 section 2.5.6), and where clouds keep their metadata outside of it. */
const NEVER = ranges(
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::/32', // AWS, all of its local services: keys are given by more than one of them
  'fd20:ce::254/128', // Google
  '100.100.100.200/32', // Alibaba
  '168.63.129.16/32', // Azure
  '192.0.0.192/32', // Oracle
  'fd00:42::42/128', // Scaleway
);

/** Not globally reachable (IANA special-purpose address registries, RFC 6890), multicast, and broadcast. */
const NOT_PUBLIC = ranges(
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  'fc00::/7',
  'fec0::/10',
  'ff00::/8',
);

/**
 * IPv6 addresses that stand for an IPv4 one, and where in them it is: NAT64 (RFC 6052; RFC 8215 within one network), 6to4
 * (RFC 3056), `::a.b.c.d`.
 */
const EMBEDDED: readonly { readonly range: Range; readonly at: number }[] = [
  { range: ranges('64:ff9b::/96')[0], at: 12 },
  { range: ranges('64:ff9b:1::/48')[0], at: 12 },
  { range: ranges('2002::/16')[0], at: 2 },
  { range: ranges('::/96')[0], at: 12 },
];

/** Whether a connection to `address`, an IPv4 or IPv6 address as text, may be made. What is no address may not. */
export function isAllowedAddress(address: string, policy: HttpSourcePolicy): boolean {
  if (policy === 'none' || isIP(address) === 0) return false;
  const bytes = ipAddressToBytes(address);
  return meanings(bytes).every(
    (meaning) => !isIn(meaning, NEVER) && (policy === 'any' || !isIn(meaning, NOT_PUBLIC)),
  );
}

/** The address itself, and the IPv4 address that it stands for. */
function meanings(bytes: Buffer): Buffer[] {
  const embedded = EMBEDDED.find(({ range }) => isIn(bytes, [range]));
  return embedded ? [bytes, bytes.subarray(embedded.at, embedded.at + 4)] : [bytes];
}

function isIn(address: Buffer, list: readonly Range[]): boolean {
  return list.some(({ bytes, bits }) => {
    if (bytes.length !== address.length) return false;
    const whole = bits >> 3;
    if (!address.subarray(0, whole).equals(bytes.subarray(0, whole))) return false;
    const mask = (0xff00 >> (bits & 7)) & 0xff;
    return mask === 0 || (address[whole] & mask) === (bytes[whole] & mask);
  });
}

function ranges(...texts: string[]): readonly Range[] {
  return texts.map((text) => {
    const [address, bits] = text.split('/');
    return { bytes: ipAddressToBytes(address), bits: Number(bits) };
  });
}
