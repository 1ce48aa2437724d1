// Which addresses a client may name, or a name of its may lead to, as a STUN or TURN server: hosts, but neither link-local
// ones nor where clouds keep their metadata. There is no such server, and clients are not to send anything there from here.
import { isAllowedAddress } from '../playing/http/allowed-address.ts';
import { isHostAddress } from './outside-addresses.ts';

/** `address`: an IP literal. */
export function isServerAddress(address: string): boolean {
  return isHostAddress(address) && isAllowedAddress(address, 'any');
}
