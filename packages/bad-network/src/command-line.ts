// The command line of the bad network: options in, addresses and profiles out. Starts nothing.
import { parseArgs } from 'node:util';
import type { Address } from './direction.ts';
import { checkProfile, type LinkProfile } from './link-profile.ts';
import { isProfileName, PROFILES } from './profiles.ts';

export interface Command {
  readonly transport: 'udp' | 'tcp';
  readonly listen: Address;
  readonly target: Address;
  readonly up: LinkProfile;
  readonly down: LinkProfile;
  readonly seed: number;
}

/** The user asked for something that makes no sense; `message` is for them. */
export class UsageError extends Error {}

/** Options that set one number of a profile. */
const NUMBERS = {
  loss: 'lossPercent',
  delay: 'delayMs',
  jitter: 'jitterMs',
  reorder: 'reorderPercent',
  duplicate: 'duplicatePercent',
  corrupt: 'corruptPercent',
  rate: 'rateBps',
  queue: 'queueBytes',
  'drop-first-ms': 'dropFirstMs',
  'drop-first-packets': 'dropFirstPackets',
} as const satisfies Record<string, keyof LinkProfile>;

const OPTIONS = {
  listen: { type: 'string' },
  target: { type: 'string' },
  tcp: { type: 'boolean' },
  profile: { type: 'string' },
  direction: { type: 'string' },
  seed: { type: 'string' },
  burst: { type: 'string' },
  outage: { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h' },
  ...(Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, { type: 'string' }])) as Record<
    keyof typeof NUMBERS,
    { type: 'string' }
  >),
} as const;

export const HELP = `A bad network between a client and a server, the same one for the same seed.

node --import tsx packages/bad-network/src/main.ts --listen 127.0.0.1:5000 --target 127.0.0.1:6000 [options]

  --listen, --target HOST:PORT   where clients come, and where they mean to go ([::1]:5000 for IPv6; port 0: a free one)
  --tcp                     TCP instead of UDP; loss shows as waiting, what cannot happen to TCP is left out
  --profile NAME            ${Object.keys(PROFILES).join(', ')}
  --direction up|down|both  where the options below apply, on top of the profile (default both; up: to the target)
  --loss, --reorder, --duplicate, --corrupt PERCENT
  --burst ENTER/LEAVE       chances per packet, in percent, that a burst of loss begins and ends
  --delay, --jitter MS
  --rate BITS_PER_SECOND    the bottleneck
  --queue BYTES             what may wait for it (default 65536)
  --outage FROM+FOR[/EVERY] ms since the first packet, during which nothing gets through; may be repeated
  --drop-first-ms MS, --drop-first-packets N
  --seed NUMBER             default 1
`;

/** `args`: without program and script. Throws a UsageError. */
export function readCommandLine(args: readonly string[]): Command | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const { up, down } = readProfile(values.profile);
  const changes = readChanges(values);
  const direction = values.direction ?? 'both';
  if (direction !== 'up' && direction !== 'down' && direction !== 'both') {
    throw new UsageError(`--direction must be up, down or both, not ${direction}`);
  }
  return {
    transport: values.tcp ? 'tcp' : 'udp',
    listen: readAddress('listen', values.listen, 0),
    target: readAddress('target', values.target, 1),
    up: direction === 'down' ? up : checked({ ...up, ...changes }),
    down: direction === 'up' ? down : checked({ ...down, ...changes }),
    seed: values.seed === undefined ? 1 : readNumber('seed', values.seed),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

function readProfile(name: string | undefined): { up: LinkProfile; down: LinkProfile } {
  if (name === undefined) return PROFILES.perfect;
  if (!isProfileName(name)) {
    throw new UsageError(`no profile is called ${name}; there are ${Object.keys(PROFILES).join(', ')}`);
  }
  return PROFILES[name];
}

function readChanges(values: ReturnType<typeof parse>): LinkProfile {
  const changes: { -readonly [Key in keyof LinkProfile]: LinkProfile[Key] } = {};
  for (const [option, key] of Object.entries(NUMBERS) as [
    keyof typeof NUMBERS,
    (typeof NUMBERS)[keyof typeof NUMBERS],
  ][]) {
    const text = values[option];
    if (text !== undefined) changes[key] = readNumber(option, text);
  }
  if (values.burst !== undefined) {
    const [, enter, leave] = /^([\d.]+)\/([\d.]+)$/.exec(values.burst) ?? [];
    if (enter === undefined || leave === undefined) {
      throw new UsageError(`--burst must look like 0.5/10, not ${values.burst}`);
    }
    changes.burst = { enterPercent: readNumber('burst', enter), leavePercent: readNumber('burst', leave) };
  }
  if (values.outage) changes.outages = values.outage.map(readOutage);
  return changes;
}

function readOutage(text: string): { fromMs: number; forMs: number; everyMs?: number } {
  const [, from, length, every] = /^(\d+)\+(\d+)(?:\/(\d+))?$/.exec(text) ?? [];
  if (from === undefined || length === undefined) {
    throw new UsageError(`--outage must look like 10000+2000 or 10000+2000/20000, not ${text}`);
  }
  const once = { fromMs: Number(from), forMs: Number(length) };
  return every === undefined ? once : { ...once, everyMs: Number(every) };
}

function readAddress(option: string, text: string | undefined, lowestPort: number): Address {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text ?? '') ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || !(port >= lowestPort && port <= 65_535)) {
    throw new UsageError(`--${option} must be HOST:PORT${text === undefined ? '' : `, not ${text}`}`);
  }
  return { host, port };
}

function readNumber(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new UsageError(`--${option} must be a number, not ${text || 'nothing'}`);
  }
  return value;
}

function checked(profile: LinkProfile): LinkProfile {
  try {
    checkProfile(profile);
    return profile;
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}
