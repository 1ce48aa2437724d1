// Do cookies carry the flags that protect them? Looks at those of the page, and at the one by which a logout from the
// administration takes the login's back: it has the same flags, and nobody is shown the token for it.
import { securityFinding } from '@parley/protocol';
import { askHttp } from '../../probes/http-probe.ts';
import { NOT_RUNNING, failed, judged, listed, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';

export async function judgeCookies(subject: AuditSubject): Promise<Judgement> {
  const { url } = subject;
  if (url === undefined) return NOT_RUNNING;
  const page = await subject.page(url);
  // Whatever answers there might be somebody else, who waits for a token.
  const logout = await askHttp(`${url}/api/admin/logout`, { method: 'POST' });
  if (logout.status !== 200)
    return failed(`a logout from the administration was answered by ${logout.status}`);
  const lines = new Set([page, logout].flatMap(({ headers }) => headers.get('set-cookie') ?? []));
  return judgedCookies(url, [...lines]);
}

function judgedCookies(url: string, lines: readonly string[]): Judgement {
  if (lines.length === 0) return judged('neither the page nor the administration sets a cookie');
  const encrypted = url.startsWith('https:');
  const lacking = lines.flatMap((line) => {
    const gaps = cookieGaps(line, encrypted);
    return gaps.length > 0 ? [`${line.split('=', 1)[0] ?? ''} without ${gaps.join(' and ')}`] : [];
  });
  if (lacking.length > 0)
    return judged('', securityFinding('cookie-without-flags', `${url}: ${listed(lacking)}`));
  const flags = encrypted ? 'HttpOnly, SameSite and Secure' : 'HttpOnly and SameSite';
  return judged(`${lines.map((line) => line.split('=', 1)[0]).join(', ')} with ${flags}`);
}

/** The flags that a `Set-Cookie` line lacks (RFC 6265bis, section 4.1.2). */
export function cookieGaps(line: string, encrypted: boolean): string[] {
  const flags = line
    .split(';')
    .slice(1)
    .map((part) => part.trim().toLowerCase());
  const gaps: string[] = [];
  if (!flags.includes('httponly')) gaps.push('HttpOnly');
  if (!flags.some((flag) => flag === 'samesite=strict' || flag === 'samesite=lax')) gaps.push('SameSite');
  if (encrypted && !flags.includes('secure')) gaps.push('Secure');
  return gaps;
}
