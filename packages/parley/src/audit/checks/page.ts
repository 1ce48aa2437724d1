// What the page's answers say: headers that protect it, and programs' versions that nobody needs to know.
import { securityFinding, type SecurityFinding } from '@parley/protocol';
import { askHttp, type HttpAnswer } from '../../probes/http-probe.ts';
import { isLoopback } from '../../addresses.ts';
import { NOT_RUNNING, judged, leftOut, listed, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';
import { isSelfSigned } from './certificate.ts';

/** Half a year, in s, is what Parley itself sends; less than a month protects nobody who comes rarely. */
const MIN_HSTS_AGE_S = 2_592_000;

export async function judgeHsts(subject: AuditSubject): Promise<Judgement> {
  const { url, configuration } = subject;
  if (url === undefined) return NOT_RUNNING;
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'https:') {
    if (!isLoopback(hostname)) return leftOut('not encrypted, so it would not count');
    return leftOut(
      configuration.trustedProxies.length > 0
        ? 'seen from behind the proxy: name its address with --url'
        : 'not encrypted, so it would not count',
    );
  }
  const { headers, certificate } = await subject.page(url);
  // A browser that was told so could not be led past the warning about such a certificate.
  if (certificate && isSelfSigned(certificate.x509)) return leftOut('not for a self-signed certificate');
  const header = headers.get('strict-transport-security')?.join('; ');
  const age = Number(/max-age="?(\d+)/i.exec(header ?? '')?.[1] ?? 0);
  if (age >= MIN_HSTS_AGE_S) return judged(`Strict-Transport-Security: ${header ?? ''}`);
  const seen = header === undefined ? 'there is no such header' : `Strict-Transport-Security: ${header}`;
  return judged('', securityFinding('missing-hsts', `${url}/: ${seen}`));
}

export async function judgeContentPolicy(subject: AuditSubject): Promise<Judgement> {
  const { url } = subject;
  if (url === undefined) return NOT_RUNNING;
  const page = await subject.page(url);
  const lacking = policyGaps(page);
  if (lacking.length === 0) return judged('scripts from the page’s own host only, framed by nobody');
  return judged('', securityFinding('missing-csp', `${url}/: ${lacking.join('; ')}`));
}

/** What is wrong with the headers of the page, in words. */
export function policyGaps({ headers }: Pick<HttpAnswer, 'headers'>): string[] {
  const gaps: string[] = [];
  const policy = headers.get('content-security-policy')?.join('; ') ?? '';
  const directives = new Map(
    policy.split(';').map((part) => {
      const [name = '', ...values] = part.trim().split(/\s+/);
      return [name.toLowerCase(), values.join(' ')];
    }),
  );
  const scripts = directives.get('script-src') ?? directives.get('default-src');
  if (policy === '') gaps.push('no Content-Security-Policy');
  else {
    if (scripts === undefined) gaps.push('the policy has neither script-src nor default-src');
    else if (/'unsafe-(inline|eval)'|(^| )(\*|https?:|data:)( |$)/.test(scripts))
      gaps.push(`the policy lets scripts from anywhere run (${scripts})`);
    if (!directives.has('frame-ancestors')) gaps.push('the policy has no frame-ancestors');
  }
  if (headers.get('x-content-type-options')?.join().toLowerCase() !== 'nosniff')
    gaps.push('no X-Content-Type-Options: nosniff');
  return gaps;
}

export async function judgeVersions(subject: AuditSubject): Promise<Judgement> {
  const { url } = subject;
  if (url === undefined) return NOT_RUNNING;
  const [page, missing, wrong] = await Promise.all([
    subject.page(url),
    askHttp(`${url}/api/no-such-thing`),
    askHttp(`${url}/api/rooms`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      // Provokes the words of the parser.
      body: '{',
    }),
  ]);
  return judged('no answer names one', versionFinding(url, [page, missing, wrong]));
}

const TELLING_HEADERS = ['server', 'x-powered-by', 'x-aspnet-version', 'via', 'x-generator', 'x-runtime'];
/** A line of a stack, which names files and, by them, libraries. */
const STACK_LINE = /\bat .{0,100}(node_modules|\.[cm]?[jt]s:\d+)/;

/** @param where they were asked for */
export function versionFinding(
  where: string,
  answers: readonly Pick<HttpAnswer, 'headers' | 'body'>[],
): SecurityFinding | undefined {
  const seen = new Set<string>();
  for (const { headers, body } of answers) {
    for (const name of TELLING_HEADERS) {
      const value = headers.get(name)?.join(', ');
      // A name alone tells nothing that an attacker could not find out; X-Powered-By has no other purpose.
      if (value !== undefined && (/\d/.test(value) || name === 'x-powered-by')) seen.add(`${name}: ${value}`);
    }
    const line = STACK_LINE.exec(body)?.[0];
    if (line !== undefined) seen.add(`a stack in an answer: ${line}`);
  }
  return seen.size > 0 ? securityFinding('version-leaked', `${where}: ${listed([...seen])}`) : undefined;
}
