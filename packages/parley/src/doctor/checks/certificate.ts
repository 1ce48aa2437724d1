// Can browsers take the certificate: is it valid, for how long, and is the name in the address among its own?
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { SOON_DAYS, isSelfSigned } from '../../audit/checks/certificate.ts';
import { isLoopback } from '../../addresses.ts';
import { ok, problem, skipped, warning, type Diagnosis } from '../diagnosis.ts';
import type { Patient } from '../patient.ts';

const NAME = 'certificate';
const DAY_MS = 86_400_000;

export async function checkCertificate(patient: Patient): Promise<Diagnosis> {
  const { url, outside, configuration, now } = patient;
  const { tls, host, dataDir, trustedProxies } = configuration;
  if (url?.startsWith('https:')) {
    const { certificate } = await patient.page(url);
    if (certificate) return diagnosis(certificate.x509, now, outside ? new URL(url).hostname : undefined);
  }
  if (tls.kind === 'off' || url !== undefined) {
    if (isLoopback(host))
      return skipped(
        NAME,
        trustedProxies.length > 0
          ? 'that of the proxy: name its address with --url'
          : 'none is needed on localhost',
      );
    return warning(
      NAME,
      'there is none: browsers give the page a camera on localhost only',
      'set TLS_CERT and TLS_KEY, or --tls self-signed, or put Parley behind an HTTPS proxy (docs/deployment.md)',
    );
  }
  const file = tls.kind === 'files' ? tls.certFile : join(dataDir, 'tls', 'certificate.pem');
  try {
    const x509 = new X509Certificate(await readFile(file));
    const key = tls.kind === 'files' ? await readFile(tls.keyFile) : undefined;
    return diagnosis(x509, now, undefined, key);
  } catch (error) {
    if (tls.kind === 'self-signed') return ok(NAME, 'will be made at the first start');
    return problem(
      NAME,
      `${file} cannot be used: ${(error as Error).message}`,
      'correct TLS_CERT and TLS_KEY',
    );
  }
}

/** @param name that browsers will call it by, as far as that is known */
export function diagnosis(
  x509: X509Certificate,
  now: Date,
  name: string | undefined,
  key?: Buffer,
): Diagnosis {
  const names = namesOf(x509);
  const end = new Date(x509.validTo);
  const day = end.toISOString().slice(0, 10);
  const renew = 'renew it; Parley takes the new files without a restart';
  if (key && !keyBelongs(x509, key))
    return problem(NAME, 'TLS_KEY is not the key of TLS_CERT', 'name the two files that were made together');
  if (end <= now) return problem(NAME, `it was valid until ${day}`, renew);
  if (new Date(x509.validFrom) > now)
    return problem(NAME, `it is not valid before ${x509.validFrom}`, 'set the clock, or wait');
  const covered =
    name === undefined || (isIP(name) ? x509.checkIP(name) : x509.checkHost(name)) !== undefined;
  if (!covered)
    return problem(
      NAME,
      `it is for ${names}, not for ${name}`,
      `get one for ${name}, or open one of its names`,
    );
  const text = `valid until ${day} for ${names}`;
  if (end.getTime() - now.getTime() < SOON_DAYS * DAY_MS) return warning(NAME, text, renew);
  if (isSelfSigned(x509))
    return warning(
      NAME,
      `${text}; nobody vouches for it, so each browser asks once`,
      'take one of an authority, or compare the fingerprint of the start report in each browser',
    );
  return ok(NAME, text);
}

const MAX_NAMES = 6;

function namesOf({ subjectAltName, subject }: X509Certificate): string {
  const names = (subjectAltName ?? subject)
    .split(', ')
    .map((entry) => entry.replace(/^(DNS|IP Address|CN)[:=]/, ''));
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return `${names.slice(0, MAX_NAMES).join(', ')}${more}`;
}

function keyBelongs(x509: X509Certificate, key: Buffer): boolean {
  return x509.checkPrivateKey(createPrivateKey(key));
}
