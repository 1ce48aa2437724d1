// Is page and signalling encrypted wherever other machines reach it? Tried at each address of this machine.
import { HealthResponse, securityFinding } from '@parley/protocol';
import { askHttp } from '../../probes/http-probe.ts';
import { isAnyAddress, isLoopback, urlHost } from '../../addresses.ts';
import { judged, leftOut, listed, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';

export async function judgeEncryption(subject: AuditSubject): Promise<Judgement> {
  const { configuration, url, outside } = subject;
  if (url === undefined) return byConfiguration(subject);
  if (outside) {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'https:') return judged(`${url} is encrypted`);
    if (isLoopback(hostname)) return judged(`${url} is this machine's own`);
    return judged('', securityFinding('signalling-without-tls', `${url}/api/health answers without TLS`));
  }
  const addresses = reachableAddresses(subject);
  if (addresses.length === 0) return judged('it is reached from this machine only');
  const places = addresses.map((address) => `http://${urlHost(address)}:${configuration.port}`);
  const answers = await Promise.all(places.map(answersInClear));
  const open = places.filter((_, index) => answers[index]);
  if (open.length === 0) return judged(`no answer without TLS at ${listed(addresses)}`);
  return finding(subject, `answered without TLS: ${listed(open)}`);
}

function byConfiguration(subject: AuditSubject): Judgement {
  const { host, tls } = subject.configuration;
  if (isLoopback(host)) return judged(`HOST=${host} is reached from this machine only`);
  if (tls.kind !== 'off') return leftOut('Parley is not running; by its configuration it will be encrypted');
  return finding(
    subject,
    `HOST=${host} without a certificate (Parley is not running: this is its configuration)`,
  );
}

function finding({ configuration }: AuditSubject, evidence: string): Judgement {
  const behindProxy = configuration.trustedProxies.length > 0;
  return judged('', securityFinding(behindProxy ? 'clear-beside-proxy' : 'signalling-without-tls', evidence));
}

function reachableAddresses({ configuration: { host }, ownAddresses }: AuditSubject): readonly string[] {
  if (isAnyAddress(host)) return ownAddresses;
  return isLoopback(host) ? [] : [host];
}

async function answersInClear(place: string): Promise<boolean> {
  try {
    const { body } = await askHttp(`${place}/api/health`);
    return HealthResponse.safeParse(JSON.parse(body)).success;
  } catch {
    // Nobody there, or somebody who speaks TLS only, or not HTTP: none of it is Parley in clear.
    return false;
  }
}
