// What TURN requests ask for, read and checked (RFC 8656, sections 7.2, 8.2, 10.2 and 12.2). Throws TurnRefusal; decides
// nothing that needs the server's state.
import {
  FIRST_CHANNEL,
  LAST_CHANNEL,
  REQUESTED_TRANSPORT,
  STUN_ATTRIBUTE,
  TURN_ATTRIBUTE,
  readAddressFamily,
  readXorAddress,
  type AddressFamily,
  type StunMessage,
  type TransportAddress,
} from '@parley/rtc';
import { canonicalAddress } from '../peer-policy.ts';
import { TurnRefusal } from './turn-refusal.ts';

/** RFC 8656, section 3.2. */
export const DEFAULT_LIFETIME_S = 600;
/** RFC 8656, section 7.2 recommends an hour. */
export const MAX_LIFETIME_S = 3600;

/** DONT-FRAGMENT is not among them: Node cannot set DF, and RFC 8656, section 7.2 then wants 420. */
const KNOWN_ATTRIBUTES: ReadonlySet<number> = new Set([
  STUN_ATTRIBUTE.USERNAME,
  STUN_ATTRIBUTE.MESSAGE_INTEGRITY,
  STUN_ATTRIBUTE.REALM,
  STUN_ATTRIBUTE.NONCE,
  STUN_ATTRIBUTE.PRIORITY,
  STUN_ATTRIBUTE.USE_CANDIDATE,
  TURN_ATTRIBUTE.CHANNEL_NUMBER,
  TURN_ATTRIBUTE.LIFETIME,
  TURN_ATTRIBUTE.XOR_PEER_ADDRESS,
  TURN_ATTRIBUTE.DATA,
  TURN_ATTRIBUTE.REQUESTED_ADDRESS_FAMILY,
  TURN_ATTRIBUTE.EVEN_PORT,
  TURN_ATTRIBUTE.REQUESTED_TRANSPORT,
  TURN_ATTRIBUTE.RESERVATION_TOKEN,
]);

export function unknownAttributes(message: StunMessage): number[] {
  return message.unknownAttributes(KNOWN_ATTRIBUTES);
}

export interface AllocateWish {
  readonly family: AddressFamily;
  /** An IPv6 address was wanted beside the IPv4 one. */
  readonly additionalIpv6: boolean;
}

/** RFC 8656, section 7.2. */
export function readAllocateWish(request: StunMessage): AllocateWish {
  const transport = request.attribute(TURN_ATTRIBUTE.REQUESTED_TRANSPORT);
  if (transport?.length !== 4) throw new TurnRefusal(400, 'REQUESTED-TRANSPORT is missing or malformed');
  if (transport[0] !== REQUESTED_TRANSPORT.UDP) throw new TurnRefusal(442);
  const evenPort = request.attribute(TURN_ATTRIBUTE.EVEN_PORT);
  const reservation = request.attribute(TURN_ATTRIBUTE.RESERVATION_TOKEN);
  const family = request.attribute(TURN_ATTRIBUTE.REQUESTED_ADDRESS_FAMILY);
  const additional = request.attribute(TURN_ATTRIBUTE.ADDITIONAL_ADDRESS_FAMILY);
  if (reservation && (evenPort || family || additional))
    throw new TurnRefusal(400, 'RESERVATION-TOKEN excludes other wishes');
  if (additional && (family || evenPort || readAddressFamily(additional) !== 'ipv6'))
    throw new TurnRefusal(400, 'ADDITIONAL-ADDRESS-FAMILY stands for IPv6 beside IPv4 only');
  if (evenPort) throw new TurnRefusal(508, 'EVEN-PORT is not supported');
  if (reservation) throw new TurnRefusal(508, 'Reservations are not supported');
  return { family: readFamily(family) ?? 'ipv4', additionalIpv6: additional !== undefined };
}

/** Undefined when not asked for. */
export function readRequestedFamily(request: StunMessage): AddressFamily | undefined {
  return readFamily(request.attribute(TURN_ATTRIBUTE.REQUESTED_ADDRESS_FAMILY));
}

function readFamily(value: Buffer | undefined): AddressFamily | undefined {
  if (value === undefined) return undefined;
  if (value.length !== 4) throw new TurnRefusal(400, 'REQUESTED-ADDRESS-FAMILY is malformed');
  const family = readAddressFamily(value);
  if (family === undefined) throw new TurnRefusal(440);
  return family;
}

/** In s, as asked for; undefined when not asked for. */
export function readLifetime(request: StunMessage): number | undefined {
  const value = request.attribute(TURN_ATTRIBUTE.LIFETIME);
  if (value === undefined) return undefined;
  if (value.length !== 4) throw new TurnRefusal(400, 'LIFETIME is malformed');
  return value.readUInt32BE(0);
}

/** In whole seconds: between the default and the maximum, and not beyond the credentials. */
export function grantedLifetime(asked: number | undefined, credentialsRemainingMs: number): number {
  const wanted = Math.min(MAX_LIFETIME_S, Math.max(DEFAULT_LIFETIME_S, asked ?? DEFAULT_LIFETIME_S));
  return Math.min(wanted, Math.floor(credentialsRemainingMs / 1000));
}

export interface PeerValue extends TransportAddress {
  /** Canonical. */
  readonly address: string;
  /**
   * The family of the address as sent and of its canonical form; undefined when they differ, as with IPv4 wrapped into
   * IPv6: such an address belongs to no relayed address's family.
   */
  readonly family: AddressFamily | undefined;
}

/** Of all XOR-PEER-ADDRESS attributes, at least one. */
export function readPeers(message: StunMessage): PeerValue[] {
  const values = message.attributeValues(TURN_ATTRIBUTE.XOR_PEER_ADDRESS);
  if (values.length === 0) throw new TurnRefusal(400, 'XOR-PEER-ADDRESS is missing');
  return values.map((value) => {
    const sent = readXorAddress(value, message.transactionId);
    if (sent === undefined) throw new TurnRefusal(400, 'XOR-PEER-ADDRESS is malformed');
    const address = canonicalAddress(sent.address);
    const family = familyOf(address);
    return { address, port: sent.port, family: family === familyOf(sent.address) ? family : undefined };
  });
}

export function readChannelNumber(request: StunMessage): number {
  const value = request.attribute(TURN_ATTRIBUTE.CHANNEL_NUMBER);
  if (value?.length !== 4) throw new TurnRefusal(400, 'CHANNEL-NUMBER is missing or malformed');
  const channel = value.readUInt16BE(0);
  if (channel < FIRST_CHANNEL || channel > LAST_CHANNEL)
    throw new TurnRefusal(400, 'CHANNEL-NUMBER is out of range');
  return channel;
}

export function familyOf(address: string): AddressFamily {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}
