// The SRTP protection profiles that are offered in DTLS, and the keys that come out of it.

export type SrtpProfile = 'AEAD_AES_128_GCM' | 'AES_CM_128_HMAC_SHA1_80';

export interface SrtpProfileParameters {
  /** Two-byte id in the DTLS `use_srtp` extension (IANA, "DTLS-SRTP Protection Profiles"). */
  readonly id: number;
  /** In the same registry. */
  readonly ianaName: string;
  /** Lengths in bytes. */
  readonly masterKeyLength: number;
  readonly masterSaltLength: number;
  readonly rtpTagLength: number;
  readonly rtcpTagLength: number;
}

/** RFC 7714, section 14.2, and RFC 5764, section 4.1.2. */
export const SRTP_PROFILE_PARAMETERS: Readonly<Record<SrtpProfile, SrtpProfileParameters>> = {
  AEAD_AES_128_GCM: {
    id: 0x0007,
    ianaName: 'SRTP_AEAD_AES_128_GCM',
    masterKeyLength: 16,
    masterSaltLength: 12,
    rtpTagLength: 16,
    rtcpTagLength: 16,
  },
  AES_CM_128_HMAC_SHA1_80: {
    id: 0x0001,
    ianaName: 'SRTP_AES128_CM_HMAC_SHA1_80',
    masterKeyLength: 16,
    masterSaltLength: 14,
    rtpTagLength: 10,
    rtcpTagLength: 10,
  },
};

/** The master key and salt of one direction. */
export interface SrtpKeys {
  readonly profile: SrtpProfile;
  readonly masterKey: Buffer;
  readonly masterSalt: Buffer;
}
