// Keeps one self-signed certificate in a folder: made once, used again, and made anew before it ends.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { isIP, isIPv6 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { AppServerStartError } from '../start-error.ts';
import { readCertificate, type Certificate, type CertificateFiles } from './certificate-files.ts';
import { makeCertificate } from './make-certificate.ts';

const DAY_MS = 86_400_000;
/** Browsers take none that is valid for longer than 398 days from a public authority; some ask it of every one. */
const VALID_MS = 397 * DAY_MS;
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** Clocks of other machines may be behind. */
const BACKDATED_MS = DAY_MS;
/** A laptop meets many networks; those of long ago are forgotten. */
const MAX_FORMER_NAMES = 50;

/** Paths of the two files in the folder. */
export function selfSignedFiles(folder: string): CertificateFiles {
  return { certFile: join(folder, 'certificate.pem'), keyFile: join(folder, 'key.pem') };
}

/**
 * Leaves a usable certificate in the folder: the one that is there, or a new one when that ends soon, cannot be used, or
 * lacks a name. A changed IPv6 address alone is no reason: many machines change theirs every day, and with each new
 * certificate browsers ask again.
 * @param names host names and addresses that it has to be for
 * @throws AppServerStartError ('data-folder-not-writable')
 */
export async function keepSelfSigned(folder: string, names: readonly string[], now: Date): Promise<void> {
  const files = selfSignedFiles(folder);
  const known = await readKnown(files, now);
  if (known && endsLate(known, now) && names.every((name) => isIPv6(name) || covers(known, name))) return;
  const former = known ? formerNames(known) : [];
  const made = await makeCertificate([...new Set([...names, ...former])], {
    from: new Date(now.getTime() - BACKDATED_MS),
    to: new Date(now.getTime() + VALID_MS),
  });
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await replaceFile(files.keyFile, made.key);
    await replaceFile(files.certFile, made.cert);
  } catch (error) {
    throw AppServerStartError.dataFolderNotWritable(folder, error);
  }
}

/** What browsers of this machine and its neighbours may call it. */
export function ownNames(announcedIps: readonly string[]): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    // Link-local IPv6 addresses are of no use in a URL: their zone cannot be written there.
    .filter(({ scopeid, family }) => family === 'IPv4' || !scopeid)
    .map(({ address }) => address);
  const name = hostname().toLowerCase();
  const host = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(name) ? [name] : [];
  return [...new Set(['localhost', ...host, '127.0.0.1', '::1', ...addresses, ...announcedIps])];
}

async function readKnown(files: CertificateFiles, now: Date): Promise<Certificate | undefined> {
  try {
    return await readCertificate(files, now);
  } catch (error) {
    // None yet, or one past its end or half written: each is mended by a new one.
    if (error instanceof AppServerStartError) return undefined;
    throw error;
  }
}

function endsLate({ x509 }: Certificate, now: Date): boolean {
  return new Date(x509.validTo).getTime() - now.getTime() > RENEW_BEFORE_MS;
}

function covers({ x509 }: Certificate, name: string): boolean {
  return (isIP(name) ? x509.checkIP(name) : x509.checkHost(name)) !== undefined;
}

/** Kept, so that going back to a former network needs no third certificate. */
function formerNames({ x509 }: Certificate): string[] {
  return (x509.subjectAltName ?? '')
    .split(', ')
    .map((entry) => entry.slice(entry.indexOf(':') + 1))
    .filter((name) => name !== '' && !isIPv6(name))
    .slice(-MAX_FORMER_NAMES);
}

/** Never seen half written, nor for a moment readable by others. */
async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.new`;
  await rm(next, { force: true });
  await writeFile(next, text, { mode: 0o600 });
  await rename(next, path);
}
