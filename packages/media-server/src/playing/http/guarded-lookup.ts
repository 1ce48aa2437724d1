// Where a connection is made, its address is checked: a name that is looked up twice may have two addresses, so checking
// the name beforehand would check nothing. Players and recorders connect through it.
import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isAllowedAddress, type HttpSourcePolicy } from './allowed-address.ts';

/**
 * Resolves a name to its allowed addresses; these, and no others, are what is connected to. `refusal`: the error when none
 * is allowed. What is an address already is not looked up, and is the caller's to check.
 */
export function guardedLookup(
  policy: HttpSourcePolicy,
  refusal: (address: string) => NodeJS.ErrnoException,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, '');
        return;
      }
      const allowed = addresses.filter(({ address }) => isAllowedAddress(address, policy));
      if (allowed.length === 0) callback(refusal(addresses[0]?.address ?? 'nothing'), '');
      else if (options.all) callback(null, allowed);
      else callback(null, ...firstOf(allowed));
    });
  };
}

function firstOf([{ address, family }]: LookupAddress[]): [string, number] {
  return [address, family];
}
