// Whom does the TURN server relay to? It is asked for channels to addresses that are not the media server's; nothing is sent
// to them.
import { securityFinding } from '@parley/protocol';
import { canonicalAddress, probeTurn, type TurnProbeResult } from '@parley/turn-server';
import { urlHost } from '../../addresses.ts';
import { failed, judged, leftOut, listed, type Judgement } from '../judgement.ts';
import type { AuditSubject, TurnAccess } from '../subject.ts';
import { noRelay } from './turn-credentials.ts';

/** Loopback, this network, private, shared and link-local addresses, and the same written as IPv6 (RFC 6890, RFC 4291). */
const FORBIDDEN = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.0.1',
  '192.168.1.1',
  '100.64.0.1',
  // Where clouds keep the keys of a machine.
  '169.254.169.254',
  '::1',
  '::',
  'fe80::1',
  'fd00:ec2::254',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:169.254.169.254',
  '64:ff9b::7f00:1',
] as const;

const ANY_PORT = 80;
/** Of chargen: no media server has it, and the datagram would not be sent anyway. */
const OTHER_PORT = 19;
/** Some forty questions one after the other, to a server that may be on another continent. */
const TIMEOUT_MS = 20_000;

export interface MediaPlace {
  readonly address: string;
  readonly port: number;
}

/** @param timeoutMs for all that a server is asked */
export async function judgeTurnReach(subject: AuditSubject, timeoutMs = TIMEOUT_MS): Promise<Judgement> {
  const access = await subject.turn();
  if (access.length === 0) return leftOut(noRelay(subject));
  const media = await mediaPlaces(subject);
  const peers = peersToTry(media);
  const results = await Promise.all(
    access.map((one) => firstAnswer(one, [...peers.forbidden, ...peers.otherPorts], timeoutMs)),
  );
  const reached = results.filter(({ result }) => result.allocated);
  if (reached.length === 0) {
    const [{ url, result } = { url: '', result: undefined }] = results;
    return failed(`${url} gives no allocation: ${result?.error ?? 'no answer'}`);
  }
  const granted = (asked: readonly string[]) =>
    reached.flatMap(({ url, result }) =>
      asked.filter((peer) => result.permitted[peer]).map((peer) => `${peer} (${url})`),
    );
  const elsewhere = granted(peers.forbidden);
  const otherPorts = granted(peers.otherPorts);
  // What was not answered was not refused.
  const silenced = reached.find(({ result }) => result.error !== undefined);
  if (silenced && elsewhere.length === 0 && otherPorts.length === 0)
    return failed(`${silenced.url} did not answer for all peers: ${silenced.result.error ?? ''}`);
  return judged(
    `${reached.map(({ url }) => url).join(', ')}: refused all ${peers.forbidden.length + peers.otherPorts.length} peers that are not the media server`,
    elsewhere.length > 0
      ? securityFinding('turn-relays-elsewhere', `a channel was granted to ${listed(elsewhere)}`)
      : undefined,
    otherPorts.length > 0
      ? securityFinding('turn-reaches-other-ports', `a channel was granted to ${listed(otherPorts)}`)
      : undefined,
  );
}

/** What is forbidden, without what is the media server's own. */
export function peersToTry(media: readonly MediaPlace[]): { forbidden: string[]; otherPorts: string[] } {
  const own = new Set(media.map(({ address }) => canonicalAddress(address)));
  return {
    forbidden: FORBIDDEN.filter((address) => !own.has(canonicalAddress(address))).map(
      (address) => `${urlHost(address)}:${ANY_PORT}`,
    ),
    otherPorts: [...own].map((address) => `${urlHost(address)}:${OTHER_PORT}`),
  };
}

/** Where the media server is, from its own answer when it runs. */
async function mediaPlaces(subject: AuditSubject): Promise<readonly MediaPlace[]> {
  const { announcedIps, rtcPort } = subject.configuration;
  if (subject.url !== undefined) return (await subject.media(subject.url)).candidates;
  return announcedIps.map((address) => ({ address, port: rtcPort }));
}

interface Answer {
  readonly url: string;
  readonly result: TurnProbeResult;
}

/** The rules are those of the server, whichever way one comes to it: the first way that works is enough. */
async function firstAnswer(
  { urls, username, credential }: TurnAccess,
  peers: string[],
  timeoutMs: number,
): Promise<Answer> {
  let last: Answer | undefined;
  for (const url of urls) {
    last = { url, result: await probeTurn({ url, username, credential, peers, timeoutMs }) };
    if (last.result.allocated) return last;
  }
  if (last === undefined) throw new Error('there is no TURN address to try');
  return last;
}
