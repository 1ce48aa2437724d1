// Reads the certificate of the control socket. It is read at start only: a proxy in front is the place to exchange it.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A client that does not end its TLS handshake in this time, in ms, only takes a place. */
export const TLS_HANDSHAKE_MS = 10_000;

/** What a person has to mend, in one line. */
export class TlsFilesError extends Error {}

/**
 * Gives the PEM texts of a certificate that can be served now and of its key; undefined when neither is named.
 * @throws TlsFilesError
 */
export function readTlsFiles(
  certFile: string | undefined,
  keyFile: string | undefined,
): { cert: string; key: string } | undefined {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined)
    throw new TlsFilesError('--tls-cert and --tls-key belong together: give both or neither');
  const [cert, key] = [readText('--tls-cert', certFile), readText('--tls-key', keyFile)];
  const certificate = parsed(
    `--tls-cert: ${certFile} is no certificate in PEM form`,
    () => new X509Certificate(cert),
  );
  const privateKey = parsed(`--tls-key: ${keyFile} is no private key in PEM form without a passphrase`, () =>
    createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey))
    throw new TlsFilesError(`--tls-key: ${keyFile} is not the key of ${certFile}`);
  if (new Date(certificate.validTo) < new Date())
    throw new TlsFilesError(`--tls-cert: ${certFile} was valid until ${certificate.validTo}`);
  return { cert, key };
}

function readText(flag: string, file: string): string {
  return parsed(`${flag}: ${file} cannot be read`, () => readFileSync(file, 'utf8'));
}

/** OpenSSL's own words name its functions, so others take their place. */
function parsed<Value>(otherwise: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    throw new TlsFilesError(otherwise, { cause });
  }
}
