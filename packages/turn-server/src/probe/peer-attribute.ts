// XOR-PEER-ADDRESS exactly as asked for: an IPv4-mapped IPv6 address stays IPv6, since servers are to be tried with it.
import {
  STUN_MAGIC_COOKIE,
  TURN_ATTRIBUTE,
  ipAddressToBytes,
  xorAddressAttribute,
  type StunAttribute,
  type TransportAddress,
} from '@parley/rtc';
import { isIPv6 } from 'node:net';

const MAPPED_PREFIX = Buffer.from('00000000000000000000ffff', 'hex');

/** @throws TypeError when the address is no IP address */
export function peerAttribute(peer: TransportAddress, transactionId: Buffer): StunAttribute {
  const type = TURN_ATTRIBUTE.XOR_PEER_ADDRESS;
  const bytes = ipAddressToBytes(peer.address);
  if (!isIPv6(peer.address) || bytes.length === 16) return xorAddressAttribute(type, peer, transactionId);
  const mask = Buffer.alloc(16);
  mask.writeUInt32BE(STUN_MAGIC_COOKIE);
  transactionId.copy(mask, 4);
  const value = Buffer.alloc(20);
  value[1] = 0x02;
  value.writeUInt16BE(peer.port ^ (STUN_MAGIC_COOKIE >>> 16), 2);
  for (const [i, byte] of Buffer.concat([MAPPED_PREFIX, bytes]).entries()) value[4 + i] = byte ^ mask[i];
  return { type, value };
}
