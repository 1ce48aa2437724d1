// Is the certificate valid, for how long, and does anybody vouch for it?
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { securityFinding, type SecurityFinding } from '@parley/protocol';
import { failed, judged, leftOut, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';

const DAY_MS = 86_400_000;
/** Programs that renew do so 30 days before the end: a week later it is sure that they do not. */
export const SOON_DAYS = 21;

export async function judgeCertificate(subject: AuditSubject): Promise<Judgement> {
  const { url, configuration } = subject;
  if (url !== undefined) {
    const { certificate } = await subject.page(url);
    if (certificate === undefined) return leftOut(`${url} has no certificate`);
    return judgedCertificate(certificate.x509, url, subject.now);
  }
  const { tls, dataDir } = configuration;
  if (tls.kind === 'off') return leftOut('no certificate is configured');
  const file = tls.kind === 'files' ? tls.certFile : join(dataDir, 'tls', 'certificate.pem');
  try {
    return judgedCertificate(new X509Certificate(await readFile(file)), file, subject.now);
  } catch (error) {
    if (tls.kind === 'self-signed') return leftOut('the certificate will be made at the first start');
    return failed(`cannot read ${file}: ${(error as Error).message}`);
  }
}

function judgedCertificate(x509: X509Certificate, where: string, now: Date): Judgement {
  const until = new Date(x509.validTo).toISOString().slice(0, 10);
  return judged(`${where}: valid until ${until}`, ...certificateFindings(x509, where, now));
}

/** @param where it was seen, for the evidence */
export function certificateFindings(x509: X509Certificate, where: string, now: Date): SecurityFinding[] {
  const findings: SecurityFinding[] = [];
  const end = new Date(x509.validTo);
  const days = Math.floor((end.getTime() - now.getTime()) / DAY_MS);
  const until = end.toISOString().slice(0, 10);
  if (end <= now) findings.push(securityFinding('certificate-expired', `${where}: valid until ${until}`));
  else if (days < SOON_DAYS)
    findings.push(
      securityFinding('certificate-ends-soon', `${where}: valid until ${until}, for ${days} more days`),
    );
  if (isSelfSigned(x509))
    findings.push(securityFinding('certificate-self-signed', `${where}: it is its own issuer`));
  return findings;
}

/** Also where the certificate itself does not say that it may sign others, which `checkIssued` wants. */
export function isSelfSigned(x509: X509Certificate): boolean {
  return x509.issuer === x509.subject && x509.verify(x509.publicKey);
}
