// TURN's methods, attributes and small values (RFC 8656, sections 17 and 18). What a server does with them is not here.
import { createHash } from 'node:crypto';
import type { StunAttribute } from './stun-attributes.ts';

export const TURN_METHOD = {
  ALLOCATE: 0x003,
  REFRESH: 0x004,
  SEND: 0x006,
  DATA: 0x007,
  CREATE_PERMISSION: 0x008,
  CHANNEL_BIND: 0x009,
} as const;

export const TURN_ATTRIBUTE = {
  CHANNEL_NUMBER: 0x000c,
  LIFETIME: 0x000d,
  XOR_PEER_ADDRESS: 0x0012,
  DATA: 0x0013,
  XOR_RELAYED_ADDRESS: 0x0016,
  REQUESTED_ADDRESS_FAMILY: 0x0017,
  EVEN_PORT: 0x0018,
  REQUESTED_TRANSPORT: 0x0019,
  DONT_FRAGMENT: 0x001a,
  RESERVATION_TOKEN: 0x0022,
  ADDITIONAL_ADDRESS_FAMILY: 0x8000,
  ADDRESS_ERROR_CODE: 0x8001,
} as const;

export type AddressFamily = 'ipv4' | 'ipv6';

/** The protocol numbers of REQUESTED-TRANSPORT (RFC 8656, section 18.8). */
export const REQUESTED_TRANSPORT = { TCP: 6, UDP: 17 } as const;

const FAMILY_BYTES = { ipv4: 0x01, ipv6: 0x02 } as const;

/** REQUESTED-TRANSPORT: a protocol number and three reserved bytes. */
export function requestedTransportAttribute(protocol: number): StunAttribute {
  return { type: TURN_ATTRIBUTE.REQUESTED_TRANSPORT, value: Buffer.from([protocol, 0, 0, 0]) };
}

/** REQUESTED-ADDRESS-FAMILY or ADDITIONAL-ADDRESS-FAMILY: the family and three reserved bytes. */
export function addressFamilyAttribute(type: number, family: AddressFamily): StunAttribute {
  return { type, value: Buffer.from([FAMILY_BYTES[family], 0, 0, 0]) };
}

/** The family of such an attribute; undefined when there is no such family or the length is wrong. */
export function readAddressFamily(value: Buffer): AddressFamily | undefined {
  if (value.length !== 4) return undefined;
  if (value[0] === FAMILY_BYTES.ipv4) return 'ipv4';
  return value[0] === FAMILY_BYTES.ipv6 ? 'ipv6' : undefined;
}

/** ADDRESS-ERROR-CODE: why there is no relayed address of this family (RFC 8656, section 18.12). */
export function addressErrorCodeAttribute(
  family: AddressFamily,
  code: number,
  reason: string,
): StunAttribute {
  const head = Buffer.from([FAMILY_BYTES[family], 0, Math.floor(code / 100), code % 100]);
  return {
    type: TURN_ATTRIBUTE.ADDRESS_ERROR_CODE,
    value: Buffer.concat([head, Buffer.from(reason, 'utf8')]),
  };
}

/** CHANNEL-NUMBER: the number and two reserved bytes. */
export function channelNumberAttribute(channel: number): StunAttribute {
  const value = Buffer.alloc(4);
  value.writeUInt16BE(channel);
  return { type: TURN_ATTRIBUTE.CHANNEL_NUMBER, value };
}

/** The key of long-term credentials: MD5 of "username:realm:password" (RFC 8489, section 9.2.2). */
export function longTermKey(username: string, realm: string, password: string): Buffer {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest();
}
