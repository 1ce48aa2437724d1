// Are the addresses that browsers are told this machine's own, or those of a router before it?
import { BlockList, isIPv6 } from 'node:net';
import { isLoopback } from '../../addresses.ts';
import { ok, problem, warning, type Diagnosis } from '../diagnosis.ts';
import type { Patient } from '../patient.ts';

/** RFC 1918, RFC 6598, RFC 3927, RFC 4193 and RFC 4291: of no use outside of their network. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv4');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

const NAME = 'announced addresses';

export function checkAddresses({ configuration, ownAddresses, url }: Patient): Diagnosis {
  const { announcedIps, host, mediaServerUrl } = configuration;
  if (mediaServerUrl !== undefined) return ok(NAME, 'the media server elsewhere announces its own');
  if (announcedIps.length === 0) return ofThisMachine(ownAddresses, url);
  const strange = announcedIps.filter((address) => !ownAddresses.includes(address) && !isLoopback(address));
  const loopback = announcedIps.filter(isLoopback);
  if (loopback.length > 0 && !isLoopback(host))
    return problem(
      NAME,
      `${loopback.join(', ')} leads every browser to its own machine`,
      'name an address in ANNOUNCED_IPS by which others reach this machine',
    );
  const lost = strange.filter(isPrivate);
  if (lost.length > 0)
    return warning(
      NAME,
      `${lost.join(', ')} is private, and this machine does not have it (it has ${ownAddresses.join(', ')})`,
      'correct ANNOUNCED_IPS, unless a router of your own network translates that address to this machine',
    );
  const missing = strange.filter((address) => !ownAddresses.some((own) => isIPv6(own) === isIPv6(address)));
  if (missing.length > 0)
    return problem(
      NAME,
      `${missing.join(', ')} cannot be translated to this machine, which has no address of that family`,
      'remove it from ANNOUNCED_IPS, or give the machine an address of that family',
    );
  const translatable = ownAddresses.some(isPrivate);
  if (strange.length > 0 && !translatable)
    return warning(
      NAME,
      `${strange.join(', ')} is not this machine's, though its own ${ownAddresses.join(', ')} is public`,
      'correct ANNOUNCED_IPS, or make sure that the address is translated to this machine',
    );
  if (strange.length > 0)
    return ok(
      NAME,
      `${announcedIps.join(', ')}; ${strange.join(', ')} is taken for that of the router before this machine`,
    );
  return ok(NAME, `${announcedIps.join(', ')}, this machine's own`);
}

function ofThisMachine(own: readonly string[], url: string | undefined): Diagnosis {
  if (own.length === 0)
    return warning(
      NAME,
      'this machine has no address but loopback: only its own browsers get media',
      'connect it to a network, or name an address in ANNOUNCED_IPS',
    );
  const text = `${own.join(', ')}, this machine's own`;
  if (!own.every(isPrivate)) return ok(NAME, text);
  const outside = url !== undefined && !isPrivateHost(new URL(url).hostname);
  const reach = 'all private: browsers outside of this network cannot reach them';
  if (!outside) return ok(NAME, `${text}; ${reach} unless ANNOUNCED_IPS names the router's public address`);
  return warning(NAME, `${text}; ${reach}`, "name the router's public address in ANNOUNCED_IPS");
}

function isPrivate(address: string): boolean {
  return PRIVATE.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** Names may be anything; of addresses it is known. */
function isPrivateHost(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  return isLoopback(address) || (/^[\d.]+$|:/.test(address) && isPrivate(address));
}
