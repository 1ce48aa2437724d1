// Tells apart what shares a media port by the first byte (RFC 7983, section 7), for filters of the UDP proxy.

export type PacketKind = 'stun' | 'dtls' | 'turn-channel' | 'rtp' | 'rtcp' | 'other';

/** `bytes`: one UDP payload. RTCP is told from RTP by its packet type (RFC 5761, section 4). */
export function packetKind(bytes: Buffer): PacketKind {
  const [first = 255, second = 0] = bytes;
  if (first <= 3) return 'stun';
  if (first >= 20 && first <= 63) return 'dtls';
  if (first >= 64 && first <= 79) return 'turn-channel';
  if (first >= 128 && first <= 191) return second >= 192 && second <= 223 ? 'rtcp' : 'rtp';
  return 'other';
}
