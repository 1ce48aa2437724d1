// Do cookies carry the flags that protect them? Looks at those of the page, and at that of a login to the administration,
// which is made with the token of the data folder and ended again.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { securityFinding } from '@parley/protocol';
import { askHttp } from '../../probes/http-probe.ts';
import { isLoopback, urlHost } from '../../addresses.ts';
import { NOT_RUNNING, failed, judged, leftOut, listed, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';

const TOO_MANY = 429;

export async function judgeCookies(subject: AuditSubject): Promise<Judgement> {
  const { url, configuration } = subject;
  if (url === undefined) return NOT_RUNNING;
  const page = await subject.page(url);
  const ofPage = page.headers.get('set-cookie') ?? [];
  const token = await readToken(join(configuration.dataDir, 'admin-token'));
  if (token === undefined)
    return judgedCookies(url, ofPage) ?? leftOut('there is no admin-token in the data folder to log in with');
  if (!mayHaveToken(url, subject.ownAddresses, page.certificate?.distrusted))
    return (
      judgedCookies(url, ofPage) ??
      leftOut(`the administrator's token is not shown to ${url}, which nobody vouches for`)
    );
  const headers = { 'content-type': 'application/json' };
  const login = await askHttp(`${url}/api/admin/login`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ token }),
  });
  if (login.status === TOO_MANY) return failed('too many logins of this address: try again in a minute');
  if (login.status !== 200)
    return failed(`the login with the token of ${configuration.dataDir} was answered by ${login.status}`);
  const ofLogin = login.headers.get('set-cookie') ?? [];
  const cookie = ofLogin.map((line) => line.split(';', 1)[0]).join('; ');
  await askHttp(`${url}/api/admin/logout`, { method: 'POST', headers: { ...headers, cookie }, body: '{}' });
  return judgedCookies(url, [...ofPage, ...ofLogin]) ?? judged('neither the page nor a login sets a cookie');
}

function judgedCookies(url: string, lines: readonly string[]): Judgement | undefined {
  if (lines.length === 0) return undefined;
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

/** To this machine, or to whom an authority vouches for: whoever else gets it has the administration. */
function mayHaveToken(url: string, ownAddresses: readonly string[], distrusted: string | undefined): boolean {
  const { hostname, protocol } = new URL(url);
  if (isLoopback(hostname) || ownAddresses.some((address) => urlHost(address) === hostname)) return true;
  return protocol === 'https:' && distrusted === undefined;
}

async function readToken(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
