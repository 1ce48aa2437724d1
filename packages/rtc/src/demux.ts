// Tells what a datagram on the shared media port is by its first bytes. Not a parser: it promises only that the
// fixed header of the named protocol is complete.

export type DatagramClass = 'stun' | 'dtls' | 'rtp' | 'rtcp' | 'unknown';

const STUN_HEADER_LENGTH = 20;
const STUN_MAGIC_COOKIE = 0x2112a442;
const DTLS_RECORD_HEADER_LENGTH = 13;
const RTP_HEADER_LENGTH = 12;
const RTCP_HEADER_LENGTH = 8;

/**
 * Classifies one datagram: the first byte by RFC 7983, section 7, and RTP from RTCP by the packet type in the second
 * byte (192 to 223, RFC 5761, section 4). STUN must also carry its magic cookie, as RFC 8489, section 5 allows to ask.
 */
export function classifyDatagram(bytes: Buffer): DatagramClass {
  if (bytes.length < RTCP_HEADER_LENGTH) return 'unknown';
  const first = bytes[0];
  if (first >= 128 && first <= 191) {
    const second = bytes[1];
    if (second >= 192 && second <= 223) return 'rtcp';
    return bytes.length >= RTP_HEADER_LENGTH ? 'rtp' : 'unknown';
  }
  if (first >= 20 && first <= 63) return bytes.length >= DTLS_RECORD_HEADER_LENGTH ? 'dtls' : 'unknown';
  if (first <= 3) {
    return bytes.length >= STUN_HEADER_LENGTH && bytes.readUInt32BE(4) === STUN_MAGIC_COOKIE
      ? 'stun'
      : 'unknown';
  }
  return 'unknown';
}
