// Can somebody who was not invited use the relay? Looks at the secret, and tries the TURN server without credentials and
// with those that stand in manuals.
import { securityFinding, type SecurityFinding } from '@parley/protocol';
import { probeTurn } from '@parley/turn-server';
import { allocateAsStranger, type StrangerAnswer } from '../../probes/open-relay-probe.ts';
import { failed, judged, leftOut, listed, type Judgement } from '../judgement.ts';
import type { AuditSubject } from '../subject.ts';

/** From manuals, sample configurations and blog posts, compared without their case. */
const KNOWN_SECRETS: ReadonlySet<string> = new Set(
  `replace-me replaceme change-me changeme secret mysecret my-secret my_secret your-secret yoursecret your_secret
  your-secret-key your-auth-secret-key your-static-auth-secret static-auth-secret static_auth_secret turnsecret turn-secret
  turn_secret turnserver coturn shared-secret sharedsecret supersecret super-secret verysecret password passw0rd
  north logen north_american somesecret some-secret some-random-secret long-and-cryptic long_and_cryptic
  openmeetings kurento jitsi nextcloud matrix synapse bigbluebutton parley test testsecret example demo hackme
  0123456789abcdef`.split(/\s+/),
);

/** coturn's own example asks for no less; what is shorter is tried in a day. */
const MIN_SECRET_LENGTH = 16;
/** By the measure below, which knows no more characters than the text has: 16 random ones of base64 come to about 55. */
const MIN_SECRET_BITS = 45;

const WELL_KNOWN_USERS = [
  ['user', 'password'],
  ['user', 'user'],
  ['username', 'password'],
  ['username1', 'password1'],
  ['test', 'test'],
  ['admin', 'admin'],
  ['guest', 'somepassword'],
  ['turn', 'turn'],
  ['turnuser', 'turnpassword'],
  ['kurento', 'kurento'],
  ['openmeetings', 'openmeetings'],
  ['ninefingers', 'youhavetoberealistic'],
  ['gorst', 'hero'],
] as const;

/** Allocation Quota Reached and Insufficient Capacity are said to those only whose credentials are good. */
const SAID_TO_USERS: ReadonlySet<number | undefined> = new Set([486, 508]);
/** Wrong credentials, as an answer to the second attempt (RFC 8489, section 9.2.4). */
const UNAUTHENTICATED = 401;

export function judgeTurnSecret({ configuration }: AuditSubject): Judgement {
  const { turn } = configuration;
  if (turn.kind === 'embedded') return judged('the embedded relay makes a secret of 256 bits at each start');
  if (turn.kind === 'off') return leftOut('there is no relay');
  return judged('long, random and none of a manual', secretFinding(turn.server.secret));
}

/** The evidence says nothing that would help to guess it. */
export function secretFinding(secret: string): SecurityFinding | undefined {
  if (KNOWN_SECRETS.has(secret.toLowerCase()))
    return securityFinding(
      'turn-secret-known',
      'TURN_SECRET is in the list of those of manuals and examples',
    );
  if (secret.length < MIN_SECRET_LENGTH)
    return securityFinding('turn-secret-weak', `TURN_SECRET is shorter than ${MIN_SECRET_LENGTH} characters`);
  if (bitsOf(secret) < MIN_SECRET_BITS)
    return securityFinding('turn-secret-weak', 'TURN_SECRET repeats few characters, or follows a pattern');
  return undefined;
}

/**
 * Shannon's measure over its characters, and over the steps between them, which are all alike in "abcdefgh"; of what is only
 * repeated, once.
 */
function bitsOf(text: string): number {
  const once = /^(.+?)\1+$/s.exec(text)?.[1] ?? text;
  const codes = [...once].map((character) => character.charCodeAt(0));
  const steps = codes.slice(1).map((code, index) => code - (codes[index] ?? 0));
  return Math.min(entropy(codes), entropy(steps));
}

function entropy(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - count * Math.log2(count / values.length), 0);
}

export async function judgeTurnUsers(subject: AuditSubject): Promise<Judgement> {
  const access = await subject.turn();
  const urls = onePerServer(access.flatMap((one) => one.urls));
  if (urls.length === 0) return leftOut(noRelay(subject));
  const visits = await Promise.all(urls.map(visit));
  const open = visits.filter(({ stranger }) => stranger.outcome === 'allocated').map(({ url }) => url);
  const taken = visits.flatMap(({ url, users }) => users.map((user) => `${user} at ${url}`));
  const told = visits.flatMap(({ url, stranger: { software } }) =>
    software !== undefined && /\d/.test(software) ? [`${url} calls itself "${software}"`] : [],
  );
  const tried = visits.filter(({ untried }) => untried === undefined).map(({ url }) => url);
  const untried = visits.flatMap((one) => (one.untried === undefined ? [] : [`${one.url} (${one.untried})`]));
  if (tried.length + open.length + taken.length + told.length === 0)
    return failed(`not tried: ${listed(untried)}`);
  return judged(
    `${listed(tried)}: asks who it is, and takes none of ${WELL_KNOWN_USERS.length} well-known users` +
      (untried.length > 0 ? `; not tried: ${listed(untried)}` : ''),
    open.length > 0
      ? securityFinding('turn-open', `an allocation without credentials was granted by ${listed(open)}`)
      : undefined,
    taken.length > 0
      ? securityFinding('turn-well-known-user', `an allocation was granted to ${listed(taken)}`)
      : undefined,
    told.length > 0 ? securityFinding('version-leaked', listed(told)) : undefined,
  );
}

export function noRelay({ url, configuration }: AuditSubject): string {
  if (url !== undefined || configuration.turn.kind === 'off') return 'there is no relay';
  return 'Parley is not running, and the relay is its own';
}

interface Visit {
  readonly url: string;
  readonly stranger: StrangerAnswer;
  /** Those that were let in. */
  readonly users: readonly string[];
  /** Why not all well-known users were tried. */
  readonly untried?: string | undefined;
}

async function visit(url: string): Promise<Visit> {
  const stranger = await allocateAsStranger(url);
  if (stranger.outcome === 'no-answer') return { url, stranger, users: [], untried: 'no answer' };
  // Who wants no credentials takes all of them.
  if (stranger.code !== UNAUTHENTICATED) return { url, stranger, users: [] };
  const users: string[] = [];
  // One after the other: many at once look like an attack, and a server that then answers nothing tells nothing.
  for (const [username, credential] of WELL_KNOWN_USERS) {
    const { allocated, error, errorCode } = await probeTurn({ url, username, credential, peers: [] });
    if (allocated || SAID_TO_USERS.has(errorCode)) users.push(`${username}/${credential}`);
    // Not its answer: it has fallen silent, or its certificate is not to be trusted. The next one would fare no better.
    else if (errorCode === undefined) return { url, stranger, users, untried: error ?? 'no answer' };
  }
  return { url, stranger, users };
}

/** Users are the same over UDP, TCP and TLS, and at all addresses of a port; the first of each family is enough. */
function onePerServer(urls: readonly string[]): string[] {
  const byServer = new Map<string, string>();
  for (const url of urls) {
    const server = url.replace(/\?.*$/, '').replace(/^turns/i, 'turn');
    if (!byServer.has(server)) byServer.set(server, url);
  }
  return [...byServer.values()];
}
