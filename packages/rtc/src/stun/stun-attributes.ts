// STUN attribute types and the encoding of their values (RFC 8489, section 14; RFC 8445, section 16).
import { ipAddressFromBytes, ipAddressToBytes } from './ip-address.ts';

export const STUN_MAGIC_COOKIE = 0x2112a442;

export const STUN_ATTRIBUTE = {
  MAPPED_ADDRESS: 0x0001,
  USERNAME: 0x0006,
  MESSAGE_INTEGRITY: 0x0008,
  ERROR_CODE: 0x0009,
  UNKNOWN_ATTRIBUTES: 0x000a,
  REALM: 0x0014,
  NONCE: 0x0015,
  XOR_MAPPED_ADDRESS: 0x0020,
  PRIORITY: 0x0024,
  USE_CANDIDATE: 0x0025,
  SOFTWARE: 0x8022,
  FINGERPRINT: 0x8028,
  ICE_CONTROLLED: 0x8029,
  ICE_CONTROLLING: 0x802a,
} as const;

/** Attributes up to this type must be understood by the receiver (RFC 8489, section 14). */
export const LAST_COMPREHENSION_REQUIRED = 0x7fff;

export interface StunAttribute {
  readonly type: number;
  /** Without padding. */
  readonly value: Buffer;
}

export interface TransportAddress {
  readonly address: string;
  readonly port: number;
}

const FAMILY_IPV4 = 0x01;
const FAMILY_IPV6 = 0x02;

export function textAttribute(type: number, text: string): StunAttribute {
  return { type, value: Buffer.from(text, 'utf8') };
}

export function uint32Attribute(type: number, number: number): StunAttribute {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(number);
  return { type, value };
}

/** `code`: 300 to 699 (RFC 8489, section 14.8). */
export function errorCodeAttribute(code: number, reason: string): StunAttribute {
  const head = Buffer.from([0, 0, Math.floor(code / 100), code % 100]);
  return { type: STUN_ATTRIBUTE.ERROR_CODE, value: Buffer.concat([head, Buffer.from(reason, 'utf8')]) };
}

export function unknownAttributesAttribute(types: readonly number[]): StunAttribute {
  const value = Buffer.alloc(types.length * 2);
  for (const [i, type] of types.entries()) value.writeUInt16BE(type, i * 2);
  return { type: STUN_ATTRIBUTE.UNKNOWN_ATTRIBUTES, value };
}

/**
 * XOR-MAPPED-ADDRESS and, under other types, TURN's addresses of the same form (RFC 8489, section 14.2). An IPv4-mapped
 * IPv6 address is written as IPv4. Throws a TypeError when the address is no IP address.
 */
export function xorAddressAttribute(
  type: number,
  endpoint: TransportAddress,
  transactionId: Buffer,
): StunAttribute {
  const address = ipAddressToBytes(endpoint.address);
  const value = Buffer.alloc(4 + address.length);
  value[1] = address.length === 4 ? FAMILY_IPV4 : FAMILY_IPV6;
  value.writeUInt16BE(endpoint.port ^ (STUN_MAGIC_COOKIE >>> 16), 2);
  xorWithTransaction(address, transactionId).copy(value, 4);
  return { type, value };
}

/** Reads what `xorAddressAttribute` writes; undefined when the value is malformed. */
export function readXorAddress(value: Buffer, transactionId: Buffer): TransportAddress | undefined {
  const addressLength = value[1] === FAMILY_IPV4 ? 4 : value[1] === FAMILY_IPV6 ? 16 : undefined;
  if (addressLength === undefined || value.length !== 4 + addressLength) return undefined;
  return {
    address: ipAddressFromBytes(xorWithTransaction(value.subarray(4), transactionId)),
    port: value.readUInt16BE(2) ^ (STUN_MAGIC_COOKIE >>> 16),
  };
}

/** XORs 4 or 16 bytes with the magic cookie and the transaction id. */
function xorWithTransaction(bytes: Buffer, transactionId: Buffer): Buffer {
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(STUN_MAGIC_COOKIE);
  transactionId.copy(mask, 4);
  return Buffer.from(bytes.map((byte, i) => byte ^ mask[i]));
}
