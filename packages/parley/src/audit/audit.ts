// The audit: all checks, each for itself, and what comes of them together.
import type { SecurityFinding } from '@parley/protocol';
import { judgeCertificate } from './checks/certificate.ts';
import { judgeControlSocket } from './checks/control-socket.ts';
import { judgeCookies } from './checks/cookies.ts';
import { judgeDisk } from './checks/disk.ts';
import { judgeEncryption } from './checks/encryption.ts';
import { judgeMedia } from './checks/media.ts';
import { judgeOrigin } from './checks/origin.ts';
import { judgeContentPolicy, judgeHsts, judgeVersions } from './checks/page.ts';
import { judgeProcesses } from './checks/processes.ts';
import { judgeTurnSecret, judgeTurnUsers } from './checks/turn-credentials.ts';
import { judgeTurnReach } from './checks/turn-reach.ts';
import { judgeProxy } from './checks/proxy.ts';
import type { Judgement } from './judgement.ts';
import type { AuditSubject } from './subject.ts';

export interface AuditCheck {
  readonly name: string;
  readonly run: (subject: AuditSubject) => Promise<Judgement> | Judgement;
}

/** In the order in which they are told. */
export const CHECKS: readonly AuditCheck[] = [
  { name: 'signalling encrypted', run: judgeEncryption },
  { name: 'certificate', run: judgeCertificate },
  { name: 'foreign pages refused', run: judgeOrigin },
  { name: 'cookies', run: judgeCookies },
  { name: 'proxy named', run: judgeProxy },
  { name: 'HTTPS only (HSTS)', run: judgeHsts },
  { name: 'content policy', run: judgeContentPolicy },
  { name: 'versions hidden', run: judgeVersions },
  { name: 'control socket', run: (subject) => judgeControlSocket(subject) },
  { name: 'TURN secret', run: judgeTurnSecret },
  { name: 'TURN users', run: judgeTurnUsers },
  { name: 'TURN reach', run: (subject) => judgeTurnReach(subject) },
  { name: 'media protected', run: judgeMedia },
  { name: 'files on disk', run: judgeDisk },
  { name: 'command lines', run: (subject) => judgeProcesses(subject) },
];

export interface CheckedAudit {
  readonly name: string;
  readonly judgement: Judgement;
}

export interface AuditReport {
  readonly checks: readonly CheckedAudit[];
  /** The worst first. */
  readonly findings: readonly SecurityFinding[];
}

export async function audit(
  subject: AuditSubject,
  checks: readonly AuditCheck[] = CHECKS,
): Promise<AuditReport> {
  const done = await Promise.all(
    checks.map(async ({ name, run }) => ({ name, judgement: await judgement(run, subject) })),
  );
  const findings = done.flatMap(({ judgement }) =>
    judgement.outcome === 'judged' ? judgement.findings : [],
  );
  return { checks: done, findings: findings.sort((a, b) => RANK[a.severity] - RANK[b.severity]) };
}

const RANK = { high: 0, medium: 1, low: 2 } as const;

/** One that cannot be made does not keep the others from being made. */
async function judgement(run: AuditCheck['run'], subject: AuditSubject): Promise<Judgement> {
  try {
    return await run(subject);
  } catch (error) {
    return { outcome: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
}

/** 1: somebody can do harm today. 2: nothing of that kind was found, but not everything could be judged. */
export function exitCode({ checks, findings }: AuditReport): 0 | 1 | 2 {
  if (findings.some(({ severity }) => severity === 'high')) return 1;
  return checks.some(({ judgement }) => judgement.outcome === 'failed') ? 2 : 0;
}
