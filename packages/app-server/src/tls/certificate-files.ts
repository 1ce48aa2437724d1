// Reads certificates and keys that the operator names, and says in one line what is wrong with them.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { AppServerStartError } from '../start-error.ts';

/** Paths of PEM files. */
export interface CertificateFiles {
  /** The certificate, with those of the authorities in between behind it. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  readonly x509: X509Certificate;
}

/**
 * Reads a certificate that can be served at this time.
 * @throws AppServerStartError ('certificate-unusable')
 */
export async function readCertificate(files: CertificateFiles, now: Date): Promise<Certificate> {
  const { certFile, keyFile } = files;
  const [cert, key] = await Promise.all([readText(certFile), readText(keyFile)]);
  const x509 = parseCertificate(certFile, cert);
  if (!x509.checkPrivateKey(parseKey(keyFile, key)))
    throw AppServerStartError.certificateUnusable(keyFile, `it is not the key of ${certFile}`);
  if (now < new Date(x509.validFrom))
    throw AppServerStartError.certificateUnusable(certFile, `it is not valid before ${x509.validFrom}`);
  if (now > new Date(x509.validTo))
    throw AppServerStartError.certificateUnusable(certFile, `it was valid until ${x509.validTo}`);
  try {
    // What is left: a chain that cannot be read, or a key too weak for TLS.
    createSecureContext({ cert, key });
  } catch (error) {
    throw AppServerStartError.certificateUnusable(certFile, error);
  }
  return { cert, key, x509 };
}

/**
 * Reads certificates of authorities.
 * @returns PEM
 * @throws AppServerStartError ('certificate-unusable')
 */
export async function readAuthority(file: string): Promise<string> {
  const text = await readText(file);
  parseCertificate(file, text);
  return text;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw AppServerStartError.certificateUnusable(file, error);
  }
}

function parseCertificate(file: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    // OpenSSL's own words name its functions.
    throw AppServerStartError.certificateUnusable(file, 'it is no certificate in PEM form');
  }
}

function parseKey(file: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    const reason = 'it is no private key in PEM form without a passphrase';
    throw AppServerStartError.certificateUnusable(file, reason);
  }
}
