// How certificates' keys may sign here, and which cipher suites go with them.

/** RFC 5246, section 7.4.1.4.1: hash, signature. */
export const SIGNATURE_SCHEME = { rsaPkcs1Sha256: 0x0401, ecdsaSha256: 0x0403 } as const;

/** With AES_128_GCM_SHA256 (RFC 5289): every browser has it, and AES in hardware makes it the fastest. */
export const CIPHER_SUITE = { ecdheEcdsa: 0xc02b, ecdheRsa: 0xc02f } as const;

/** IANA's name. */
export const CIPHER_SUITE_NAME: Readonly<Record<number, string>> = {
  [CIPHER_SUITE.ecdheEcdsa]: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  [CIPHER_SUITE.ecdheRsa]: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
};
