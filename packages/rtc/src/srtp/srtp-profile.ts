// What SRTP packets are protected with: the profiles that DTLS negotiates, the suites that SDES names in SDP (RFC 4568),
// and the keys that come out of either.

/** A way to protect packets: cipher, key length and tag length. */
export type SrtpSuite = SrtpProfile | SdesSuite;

/** Those that are offered in DTLS. */
export type SrtpProfile = 'AEAD_AES_128_GCM' | 'AES_CM_128_HMAC_SHA1_80';

/** Those that `a=crypto` may name, spelt as there (RFC 4568, section 6.2, and RFC 6188, section 4.2). */
export type SdesSuite =
  | 'AES_CM_128_HMAC_SHA1_80'
  | 'AES_CM_128_HMAC_SHA1_32'
  | 'AES_256_CM_HMAC_SHA1_80'
  | 'AES_256_CM_HMAC_SHA1_32';

/** Lengths in bytes. */
export interface SrtpSuiteParameters {
  readonly masterKeyLength: number;
  readonly masterSaltLength: number;
  readonly rtpTagLength: number;
  readonly rtcpTagLength: number;
}

export interface SrtpProfileParameters extends SrtpSuiteParameters {
  /** Two-byte id in the DTLS `use_srtp` extension (IANA, "DTLS-SRTP Protection Profiles"). */
  readonly id: number;
  /** In the same registry. */
  readonly ianaName: string;
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

const AES_128_CM = { masterKeyLength: 16, masterSaltLength: 14, rtcpTagLength: 10 } as const;
const AES_256_CM = { masterKeyLength: 32, masterSaltLength: 14, rtcpTagLength: 10 } as const;

/** Also where RTP has the short tag, RTCP has the long one (RFC 4568, section 6.2.2, and RFC 6188, section 4.2). */
export const SRTP_SUITE_PARAMETERS: Readonly<Record<SrtpSuite, SrtpSuiteParameters>> = {
  ...SRTP_PROFILE_PARAMETERS,
  AES_CM_128_HMAC_SHA1_32: { ...AES_128_CM, rtpTagLength: 4 },
  AES_256_CM_HMAC_SHA1_80: { ...AES_256_CM, rtpTagLength: 10 },
  AES_256_CM_HMAC_SHA1_32: { ...AES_256_CM, rtpTagLength: 4 },
};

/** The master key and salt of one direction. */
export interface SrtpKeys<Suite extends SrtpSuite = SrtpProfile> {
  readonly profile: Suite;
  readonly masterKey: Buffer;
  readonly masterSalt: Buffer;
}
