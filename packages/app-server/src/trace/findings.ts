// What is wrong with the security of one session, from what was seen of it. Of the installation as a whole: the audit.
import { isIPv4 } from 'node:net';
import { legFindings, securityFinding, type LegDiagnosis, type SecurityFinding } from '@parley/protocol';

/** How a browser reaches this server. */
export interface BrowserWay {
  readonly address: string;
  /** False also when it is not known: nobody who is trusted said so. */
  readonly encrypted: boolean;
}

/** Of a browser whose signalling concerns the session. */
export function signallingFindings({ address, encrypted }: BrowserWay): SecurityFinding[] {
  if (encrypted || isLoopback(address)) return [];
  return [securityFinding('signalling-without-tls', `a browser at ${address} talks in clear`)];
}

/** Of a leg that is there. @param whose such as `the down leg of Cleo` */
export function diagnosisFindings(whose: string, diagnosis: LegDiagnosis): SecurityFinding[] {
  return legFindings(diagnosis).map((finding) => ({
    ...finding,
    evidence: `${whose}: ${finding.evidence}`,
  }));
}

/** Whether what is sent from there never leaves the machine. */
function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '');
  return isIPv4(plain) ? plain.startsWith('127.') : plain === '::1';
}
