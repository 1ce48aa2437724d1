// TURN over TLS: the program's certificate, and the names under which browsers can believe in it.
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { ServerCertificate, TlsOptions } from '@parley/app-server/tls';
import type { Logger } from 'pino';
import { urlHost } from './addresses.ts';
import type { Configuration } from './configuration.ts';
import { StartError } from './errors.ts';

/**
 * The certificate that the application server has, followed on its own: whoever renews it need not know of the relay.
 * @throws StartError when it cannot be used
 */
export async function openRelayCertificate(
  { tls, dataDir, announcedIps }: Pick<Configuration, 'tls' | 'dataDir' | 'announcedIps'>,
  log: Logger,
): Promise<ServerCertificate | undefined> {
  if (tls.kind === 'off') return undefined;
  // Not all of the application server: this process keeps small.
  const { AppServerStartError, ServerCertificate, selfSignedFiles } = await import('@parley/app-server/tls');
  const open = (options: TlsOptions) => ServerCertificate.open(options, { dataDir, log });
  try {
    if (tls.kind === 'files') return await open(tls);
    // Made if there is none yet; after that it is the application server that makes it anew.
    await open({ kind: 'self-signed', announcedIps });
    return await open({ kind: 'files', ...selfSignedFiles(join(dataDir, 'tls')) });
  } catch (error) {
    if (error instanceof AppServerStartError) throw StartError.relayCertificate(error.message);
    throw error;
  }
}

/**
 * Addresses that the certificate is for: of those told to browsers, else the first name in it.
 * @param pem the certificate, possibly with others behind it
 * @returns empty when it names nobody that could be asked, as a wildcard
 */
export function hostsOfCertificate(pem: string, told: readonly string[]): string[] {
  const x509 = new X509Certificate(pem);
  const addresses = told.filter((address) => x509.checkIP(address) !== undefined);
  if (addresses.length > 0) return addresses.map(urlHost);
  const names = (x509.subjectAltName ?? '').split(', ').flatMap((entry) => {
    const name = /^DNS:([a-z0-9.-]+\.[a-z0-9-]+)$/i.exec(entry)?.[1];
    return name === undefined ? [] : [name];
  });
  return names.slice(0, 1);
}
