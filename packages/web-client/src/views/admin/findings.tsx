// What is wrong with the security of the installation: what was seen, what an attacker could do with it, and the fix.
import type { FindingSeverity, SecurityFinding } from '@parley/protocol';
import { AlertIcon, ShieldIcon } from '../icons.tsx';

const SEVERITIES: Readonly<Record<FindingSeverity, string>> = { high: 'High', medium: 'Medium', low: 'Low' };
const RANK: Readonly<Record<FindingSeverity, number>> = { high: 0, medium: 1, low: 2 };

export function Findings({ findings }: { findings: readonly SecurityFinding[] }) {
  const sorted = [...findings].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  return (
    <section className="findings" aria-label="Security">
      <h2>Security</h2>
      {sorted.length === 0 && (
        <p className="findings-none">
          <ShieldIcon />
          Nothing was found.
        </p>
      )}
      {sorted.map((finding) => (
        <details key={`${finding.id} ${finding.evidence}`} className={`finding ${finding.severity}`}>
          <summary>
            <AlertIcon />
            <span className="finding-title">{finding.title}</span>
            <span className={`badge severity-${finding.severity}`}>{SEVERITIES[finding.severity]}</span>
          </summary>
          <dl className="finding-facts">
            <dt>Where</dt>
            <dd>{finding.hop}</dd>
            <dt>What was seen</dt>
            <dd>{finding.evidence}</dd>
            <dt>What an attacker could do</dt>
            <dd>{finding.attack}</dd>
            <dt>The fix</dt>
            <dd>{finding.fix}</dd>
          </dl>
        </details>
      ))}
    </section>
  );
}
