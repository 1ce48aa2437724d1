// Does Parley know the proxy through which browsers come? Told by Parley itself, of the very request that asks it.
import { securityFinding } from '@parley/protocol';
import { NOT_RUNNING, judged, leftOut, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';

export function judgeProxy({ installation, outside }: AuditSubject): Judgement {
  if (installation.state !== 'running') return NOT_RUNNING;
  const { url, health } = installation;
  if (health.undeclaredProxy)
    return judged('', securityFinding('proxy-not-named', `${url} adds X-Forwarded-For and is not believed`));
  if (!outside) return leftOut('looked at without a proxy: --url leads through it');
  return judged(`nothing between ${url} and Parley that TRUST_PROXY does not name`);
}
