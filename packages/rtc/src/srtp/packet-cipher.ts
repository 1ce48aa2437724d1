// What a protection profile must be able to do: seal and open single packets. Which index a packet has, and whether it
// was seen before, is not decided here.
import { AesCmRtcpCipher, AesCmRtpCipher } from './aes-cm-cipher.ts';
import { AesGcmRtcpCipher, AesGcmRtpCipher } from './aes-gcm-cipher.ts';
import { deriveSessionKeys } from './key-derivation.ts';
import { SRTP_SUITE_PARAMETERS, type SrtpKeys, type SrtpSuite } from './srtp-profile.ts';

/** Larger than any UDP payload or RFC 4571 frame. */
export const MAX_PACKET_LENGTH = 65_535;

export interface RtpCipher {
  /** Bytes that a packet grows by. */
  readonly overhead: number;
  forStream(ssrc: number): RtpStreamCipher;
}

/** The cipher for the packets of one SSRC. `rolloverCounter`: upper 32 bits of the 48-bit packet index. */
export interface RtpStreamCipher {
  /** Returns a new Buffer; `packet` is left as it is. */
  seal(packet: Buffer, headerLength: number, rolloverCounter: number): Buffer;
  /** Decrypts in place and returns the clear part of `packet`; undefined, and `packet` unchanged, on a wrong tag. */
  open(packet: Buffer, headerLength: number, rolloverCounter: number): Buffer | undefined;
}

export interface RtcpCipher {
  /** Bytes that a packet grows by: tag, E flag and index. */
  readonly overhead: number;
  /** `index`: 31 bits. Returns a new Buffer. */
  seal(packet: Buffer, index: number): Buffer;
  /** The E flag (bit 31) and the index of a sealed packet of at least 8 + `overhead` bytes. Not yet authenticated. */
  indexWord(packet: Buffer): number;
  /** As `RtpStreamCipher.open`. The packet must have the E flag set. */
  open(packet: Buffer): Buffer | undefined;
}

/** Throws a RangeError when a key or salt does not have the length of its profile. */
export function createPacketCiphers(keys: SrtpKeys<SrtpSuite>): { rtp: RtpCipher; rtcp: RtcpCipher } {
  const session = deriveSessionKeys(keys);
  if (keys.profile === 'AEAD_AES_128_GCM')
    return { rtp: new AesGcmRtpCipher(session.rtp), rtcp: new AesGcmRtcpCipher(session.rtcp) };
  const { rtpTagLength } = SRTP_SUITE_PARAMETERS[keys.profile];
  return { rtp: new AesCmRtpCipher(session.rtp, rtpTagLength), rtcp: new AesCmRtcpCipher(session.rtcp) };
}
