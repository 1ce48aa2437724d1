// Makes a certificate that vouches for itself, for networks where no authority would give one. Keeps nothing on disk.
import { KeyObject, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';

export interface MadeCertificate {
  /** PEM. */
  readonly cert: string;
  /** PEM (PKCS #8), without a passphrase. */
  readonly key: string;
}

const ECDSA_P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** @param names host names and addresses that it is for (RFC 5280, section 4.2.1.6) */
export async function makeCertificate(
  names: readonly string[],
  validity: { readonly from: Date; readonly to: Date },
): Promise<MadeCertificate> {
  // Loaded here: it takes a quarter of a second, and most starts make no certificate.
  const x509 = await import('@peculiar/x509');
  const keys = await crypto.subtle.generateKey(ECDSA_P256, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      // RFC 5280, section 4.1.2.2: a positive number.
      serialNumber: `01${randomBytes(15).toString('hex')}`,
      name: 'CN=Parley',
      notBefore: validity.from,
      notAfter: validity.to,
      signingAlgorithm: ECDSA_P256,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
        ),
      ],
    },
    crypto,
  );
  return {
    cert: `${certificate.toString('pem')}\n`,
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
