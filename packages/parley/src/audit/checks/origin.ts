// Is a signalling connection refused to pages of other sites? Tried with three that are not this one.
import { securityFinding } from '@parley/protocol';
import { upgradeStatus } from '../../probes/http-probe.ts';
import { NOT_RUNNING, failed, judged, listed, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';

const GRANTED = 101;

export async function judgeOrigin({ url }: AuditSubject): Promise<Judgement> {
  if (url === undefined) return NOT_RUNNING;
  // A site of somebody else, one that begins like ours, and a page that hides where it is from, such as one in a sandbox.
  const foreign = ['https://foreign.example', `${url}.foreign.example`.replace(/:\d+\./, '.'), 'null'];
  const statuses = await Promise.all(foreign.map((origin) => upgradeStatus(`${url}/ws`, { origin })));
  const granted = foreign.filter((_, index) => statuses[index] === GRANTED);
  if (granted.length > 0)
    return judged('', securityFinding('origin-check-off', `${url}/ws let in: Origin ${listed(granted)}`));
  // Without this, a server that has no /ws at all would look safe.
  const own = await upgradeStatus(`${url}/ws`, { origin: url });
  if (own !== GRANTED) return failed(`${url}/ws answers ${own} to its own page as well`);
  return judged(`${foreign.length} foreign origins were refused (${statuses.join(', ')})`);
}
