// The media server's DTLS identity: one self-signed ECDSA P-256 certificate per process, as browsers make them.
import { X509Certificate } from 'node:crypto';
import { CipherContext, type DtlsSocket } from 'werift';

export interface DtlsCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  readonly signatureHash: NonNullable<DtlsSocket['options']['signatureHash']>;
  /** SHA-256 over the DER form, upper-case hex pairs with colons (RFC 8122, section 5). */
  readonly fingerprint: string;
}

/** TLS HashAlgorithm sha256 and SignatureAlgorithm ecdsa (RFC 5246, section 7.4.1.4.1), and secp256r1 (RFC 8422). */
const SHA256_WITH_ECDSA = { hash: 4, signature: 3 } as const;
const SECP256R1 = 23;

export async function createDtlsCertificate(): Promise<DtlsCertificate> {
  const made = await CipherContext.createSelfSignedCertificateWithKey(SHA256_WITH_ECDSA, SECP256R1);
  return { ...made, fingerprint: new X509Certificate(made.certPem).fingerprint256 };
}
