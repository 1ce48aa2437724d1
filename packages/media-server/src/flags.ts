// The command line of the media server: every flag once, with its help, its form and what it becomes. Opens no port.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_LIMITS } from './kurento/limits.ts';
import { HTTP_SOURCE_POLICIES, type HttpSourcePolicy } from './playing/http/allowed-address.ts';
import { DEFAULT_HTTP_PORT, type MediaServerOptions } from './server.ts';
import { readTlsFiles } from './tls-files.ts';
import { DEFAULT_MAX_RECEIVE_BITRATE } from './transport/flood-gate.ts';
import type { RtpPortRange } from './transport/rtp-ports.ts';
import { DEFAULT_RTP_PORTS } from './transport/rtp-transport-factory.ts';

/** Something in the command line that a person has to mend, in one line. */
export class UsageError extends Error {}

export interface Flags {
  readonly options: Omit<MediaServerOptions, 'log'>;
  readonly logLevel: string;
  /** What the operator chose and should know the price of. */
  readonly warnings: readonly string[];
}

interface Flag {
  /** What follows the flag; undefined: nothing does. */
  readonly value?: string;
  readonly help: string;
  readonly initially?: string;
  readonly multiple?: true;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** In the order of the help. Adding one is adding a line, and reading it below. */
const FLAGS = {
  listen: {
    value: 'HOST:PORT',
    help: 'where the Kurento Protocol is spoken; port 0: any free one',
    initially: '127.0.0.1:8888',
  },
  token: {
    value: 'TOKEN',
    help: 'asked of every client, as "Authorization: Bearer TOKEN" or ?token=TOKEN (better by environment: PARLEY_MEDIA_TOKEN, or from a file: others read flags)',
  },
  'token-file': {
    value: 'FILE',
    help: 'where the token stands (also by environment: PARLEY_MEDIA_TOKEN_FILE)',
  },
  'allow-anonymous': {
    help: 'ask for no token where other machines reach it, and let in pages of other hosts: whoever reaches it can record, play and end everything',
  },
  'tls-cert': {
    value: 'FILE',
    help: 'PEM certificate with its chain: the Kurento Protocol is spoken over wss then',
  },
  'tls-key': { value: 'FILE', help: 'its key, PEM' },
  'rtc-port': { value: 'PORT', help: 'port of all media of browsers, UDP and TCP', initially: '40000' },
  'rtp-ports': {
    value: 'FROM-TO',
    help: 'UDP ports of plain RTP (RtpEndpoint), two for each audio or video',
    initially: `${DEFAULT_RTP_PORTS.first}-${DEFAULT_RTP_PORTS.last}`,
  },
  announce: {
    value: 'IP',
    help: 'address that browsers send media to, instead of those of this machine',
    multiple: true,
  },
  data: { value: 'DIR', help: 'folder that recorders and players are confined to', initially: './media' },
  files: { value: 'DIR', help: 'another folder that they may use; it must be there', multiple: true },
  'http-sources': {
    value: 'WHICH',
    help: 'where players may fetch from, and recorders send to, over HTTP: any (but link-local and cloud metadata addresses), public (no private addresses either), none',
    initially: 'any',
  },
  'http-port': {
    value: 'PORT',
    help: 'where media is posted to, on the host of --listen, once a client creates an HttpPostEndpoint',
    initially: String(DEFAULT_HTTP_PORT),
  },
  'max-message-bytes': {
    value: 'N',
    help: 'longest message of a client; a longer one ends its connection',
    initially: String(DEFAULT_LIMITS.maxMessageBytes),
  },
  'max-objects': {
    value: 'N',
    help: 'media objects of one session; all sessions together have twice as many',
    initially: String(DEFAULT_LIMITS.maxObjectsPerSession),
  },
  'max-sessions': {
    value: 'N',
    help: 'sessions of all clients together',
    initially: String(DEFAULT_LIMITS.maxSessions),
  },
  'max-connections': {
    value: 'N',
    help: 'connections of all clients together',
    initially: String(DEFAULT_LIMITS.maxConnections),
  },
  'max-receive-mbits': {
    value: 'N',
    help: 'RTP that is taken from one peer, in Mbit/s; a short packet counts as 1,000 bytes, what is above is dropped',
    initially: String(DEFAULT_MAX_RECEIVE_BITRATE / 1e6),
  },
  'log-level': { value: 'LEVEL', help: LOG_LEVELS.join(', '), initially: 'info' },
  help: { help: 'print this' },
} satisfies Record<string, Flag>;

type FlagName = keyof typeof FLAGS;

const names = Object.keys(FLAGS) as FlagName[];

/** What `--help` prints. */
export function usage(): string {
  const rows = names.flatMap((name) => {
    const { value, help, initially, multiple }: Flag = FLAGS[name];
    const notes = [multiple ? ' (repeatable)' : '', initially === undefined ? '' : ` [${initially}]`];
    const [first, ...more] = wrapped(`${help}${notes.join('')}`, 84);
    return [
      `  ${`--${name} ${value ?? ''}`.padEnd(24)} ${first}`,
      ...more.map((line) => `${' '.repeat(27)}${line}`),
    ];
  });
  return [
    'The media server alone: serves clients of the Kurento Protocol at ws://HOST:PORT/kurento.',
    '',
    'Usage: npm run media-server -- [--flag value ...]',
    '',
    ...rows,
  ].join('\n');
}

/** Lines of at most so many characters, as far as the words allow. */
function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1];
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/**
 * Reads the command line and the files that it names.
 * @param args the command line after the program's name
 * @throws UsageError, TlsFilesError on the first thing that is wrong
 */
export function readFlags(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Flags | 'help' {
  const given = parse(args);
  if (given.has('help')) return 'help';
  const text = (name: FlagName): string | undefined => {
    const flag: Flag = FLAGS[name];
    return given.get(name)?.at(-1) ?? flag.initially;
  };
  const announcedIps = (given.get('announce') ?? []).flatMap((list) => list.split(','));
  for (const ip of announcedIps)
    if (isIP(ip) === 0) throw new UsageError(`--announce: "${ip}" is not an IP address`);
  const logLevel = text('log-level')!;
  if (!LOG_LEVELS.includes(logLevel))
    throw new UsageError(`--log-level: "${logLevel}" is none of ${LOG_LEVELS.join(', ')}`);
  const listen = readHostAndPort(text('listen')!);
  const token = readToken(
    tokenOf('--token', text('token'), text('token-file')) ??
      tokenOf('PARLEY_MEDIA_TOKEN', environment.PARLEY_MEDIA_TOKEN, environment.PARLEY_MEDIA_TOKEN_FILE),
  );
  const anonymous = given.has('allow-anonymous');
  checkAccess(text('listen')!, listen.host, token, anonymous);
  const options = {
    listen,
    token,
    allowAnonymous: anonymous,
    tls: readTlsFiles(text('tls-cert'), text('tls-key')),
    rtcPort: readPort('--rtc-port', text('rtc-port')!),
    rtpPorts: readPortRange('rtp-ports', text('rtp-ports')!),
    announcedIps,
    dataDir: resolve(text('data')!),
    filesDirs: (given.get('files') ?? []).map((folder) => resolve(folder)),
    httpSources: readHttpSources(text('http-sources')!),
    httpPort: readPort('--http-port', text('http-port')!),
    limits: {
      ...DEFAULT_LIMITS,
      maxMessageBytes: readLimit('max-message-bytes', text('max-message-bytes')!),
      maxObjectsPerSession: readLimit('max-objects', text('max-objects')!),
      maxSessions: readLimit('max-sessions', text('max-sessions')!),
      maxConnections: readLimit('max-connections', text('max-connections')!),
    },
    maxReceiveBitrate: readLimit('max-receive-mbits', text('max-receive-mbits')!) * 1e6,
  };
  const whoever = isLoopback(listen.host)
    ? 'ANY PAGE that a browser of this machine opens'
    : `ANYONE who reaches ${text('listen')}`;
  const warnings = [
    ...(given.has('token')
      ? [
          'every user of this machine reads the --token in the list of processes: give it by PARLEY_MEDIA_TOKEN or --token-file',
        ]
      : []),
    ...(anonymous
      ? [`${whoever} can record, play and end every call: --allow-anonymous was given and there is no token`]
      : []),
    ...(options.token && !options.tls && !isLoopback(listen.host)
      ? [
          `the token is sent in clear to ${text('listen')}: give --tls-cert and --tls-key, or put an HTTPS proxy before it`,
        ]
      : []),
  ];
  return { options, logLevel, warnings };
}

/** The values by the names of the flags. */
function parse(args: readonly string[]): Map<FlagName, string[]> {
  // Not strict: the messages of parseArgs run over several lines and speak of its API.
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      names.map((name) => [name, { type: (FLAGS[name] as Flag).value ? 'string' : 'boolean' } as const]),
    ),
  });
  const given = new Map<FlagName, string[]>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional')
      throw new UsageError(`"${token.value}" is not understood: --help shows what is`);
    const name = (token.rawName === '-h' ? 'help' : token.name) as FlagName;
    if (!Object.hasOwn(FLAGS, name))
      throw new UsageError(`unknown flag ${token.rawName}: --help shows those there are`);
    const flag: Flag = FLAGS[name];
    const value = token.value;
    // A flag in the place of a value is a value that was forgotten.
    if (flag.value !== undefined && (!value || (!token.inlineValue && value.startsWith('--'))))
      throw new UsageError(`--${name} needs a value: ${flag.value}`);
    if (flag.value === undefined && value !== undefined) throw new UsageError(`--${name} takes no value`);
    given.set(name, [...(given.get(name) ?? []), value ?? '']);
  }
  return given;
}

/** Addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function checkAccess(listen: string, host: string, token: string | undefined, anonymous: boolean): void {
  if (anonymous && token !== undefined)
    throw new UsageError('--allow-anonymous and a token contradict each other: give one of them');
  if (token === undefined && !anonymous && !isLoopback(host))
    throw new UsageError(
      `--listen ${listen} is reachable from other machines: give a --token as well, or --allow-anonymous to let in everybody`,
    );
}

/** As it is, or as it stands in a file without the line's end. @param name of the flag or variable, for messages */
function tokenOf(name: string, token: string | undefined, file: string | undefined): string | undefined {
  if (!file) return token || undefined;
  if (token) throw new UsageError(`${name} and a file of it say the same: give one of them`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(
      `the file of ${name}, ${file}, is not read: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
  // Without a token it would be open, which nobody wants who names a file of it.
  if (text === '') throw new UsageError(`the file of ${name}, ${file}, is empty`);
  return text;
}

/** It travels in a header and in URLs; what it is never appears in a message. */
function readToken(text: string | undefined): string | undefined {
  if (!text) return undefined;
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new UsageError('--token must be printable characters without spaces');
  return text;
}

function readHostAndPort(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  if (!match) throw new UsageError(`--listen: "${text}" is not HOST:PORT`);
  return { host: match[1] ?? match[2], port: readPort('--listen', match[3]) };
}

function readHttpSources(text: string): HttpSourcePolicy {
  const policy = HTTP_SOURCE_POLICIES.find((known) => known === text);
  if (!policy)
    throw new UsageError(`--http-sources: "${text}" is none of ${HTTP_SOURCE_POLICIES.join(', ')}`);
  return policy;
}

function readPort(flag: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new UsageError(`${flag}: "${text}" is not a port (0 to 65535)`);
  return port;
}

function readPortRange(name: FlagName, text: string): RtpPortRange {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  // A pair begins with an even port.
  const room = range.last - (range.first + (range.first % 2));
  if (first === undefined || range.first === 0 || range.last > 65_535 || room < 1)
    throw new UsageError(`--${name}: "${text}" is not FROM-TO with a pair of ports between them`);
  return range;
}

function readLimit(name: FlagName, text: string): number {
  const limit = Number(text);
  if (!/^\d{1,10}$/.test(text) || limit === 0 || limit > 2 ** 31 - 1)
    throw new UsageError(`--${name}: "${text}" is not a number from 1 to 2147483647`);
  return limit;
}
