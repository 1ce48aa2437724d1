// What the operator may set, once: each setting is an environment variable and a flag of the same name. Reads no files but
// those of secrets.
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { StartError } from './errors.ts';
import { FILE_SUFFIX, flagWarnings, isSecret, readSecretFile } from './secret-files.ts';

const Port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .refine((port) => port <= 65_535);
/** Of TURN over TLS (RFC 8656, section 4.2). */
const TURN_TLS_PORT = 5349;

const Path = z.string().transform((path) => resolve(path));
const Url = (protocols: RegExp) => z.string().refine((text) => protocols.test(text) && URL.canParse(text));

interface Setting<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  /** Says what a value must be; follows "must be". */
  readonly form: string;
  readonly help: string;
  readonly initially?: string;
  /** The value never appears in a message, and may be in a file that `…_FILE` names. */
  readonly secret?: true;
}

const settings = {
  PORT: {
    schema: Port,
    form: 'a port from 0 (any free one) to 65535',
    help: 'port of the page and its API',
    initially: '8080',
  },
  HOST: {
    schema: z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/),
    form: 'an address or host name of this machine',
    help: 'address that the page is served on',
    initially: '0.0.0.0',
  },
  DATA_DIR: {
    schema: Path,
    form: 'a path',
    help: 'folder of the database and the recordings',
    initially: './data',
  },
  TLS_CERT: {
    schema: Path,
    form: 'a path',
    help: 'PEM file of a certificate: the page is served over HTTPS then',
  },
  TLS_KEY: {
    schema: Path,
    form: 'a path',
    help: 'PEM file of its key',
  },
  TLS: {
    schema: z.enum(['off', 'self-signed']),
    form: 'off or self-signed',
    help: 'self-signed: HTTPS with a certificate made in the data folder',
    initially: 'off',
  },
  TRUST_PROXY: {
    schema: z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .refine((entries) => entries.every(isAddressOrSubnet)),
    form: 'addresses or subnets with commas between them',
    help: 'reverse proxies whose X-Forwarded headers are believed (unset: none)',
  },
  RTC_PORT: {
    schema: Port,
    form: 'a port from 0 (any free one) to 65535',
    help: 'port of all sound and pictures, UDP and TCP',
    initially: '40000',
  },
  ANNOUNCED_IPS: {
    schema: z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .refine((addresses) => addresses.every((address) => isIP(address) !== 0)),
    form: 'IP addresses with commas between them',
    help: 'addresses at which browsers reach the media port (unset: those of this machine)',
  },
  TURN_PORT: {
    schema: z.union([z.literal('off'), Port]),
    form: 'off or a port from 0 (any free one) to 65535',
    help: 'port of the embedded relay for difficult networks, UDP and TCP',
    initially: '3478',
  },
  TURN_TLS_PORT: {
    schema: z.union([z.literal('off'), Port]),
    form: 'off or a port from 0 (any free one) to 65535',
    help: 'port of the embedded relay over TLS (unset: 5349 with TLS_CERT, else off)',
  },
  TURN_TLS_NAME: {
    schema: z.string().regex(/^([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/),
    form: 'a host name, or name:port',
    help: 'what browsers are told of it (unset: a name of the certificate, TURN_TLS_PORT)',
  },
  TURN_URL: {
    schema: z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .refine((urls) => urls.every((url) => /^turns?:[^\s/]+$/.test(url))),
    form: 'turn: or turns: addresses with commas between them',
    help: 'another TURN server, such as coturn (unset: the embedded one)',
  },
  TURN_SECRET: {
    schema: z.string().regex(/^[\x21-\x7e]+$/),
    form: 'printable characters without spaces',
    help: "secret shared with it (coturn's static-auth-secret)",
    secret: true,
  },
  MEDIA_SERVER_URL: {
    schema: Url(/^wss?:\/\//),
    form: 'a URL that begins with ws:// or wss://',
    help: 'another media server that speaks the Kurento Protocol (unset: the embedded one)',
  },
  MEDIA_SERVER_TOKEN: {
    schema: z.string().regex(/^[\x21-\x7e]+$/),
    form: 'printable characters without spaces',
    help: 'bearer token of that media server',
    secret: true,
  },
  MEDIA_SERVER_CA: {
    schema: Path,
    form: 'a path',
    help: 'PEM file of the authority of its certificate (unset: the public ones)',
  },
  KURENTO_LISTEN: {
    schema: z
      .string()
      .regex(/^(\[[^\]\s]+\]|[^:\s]+):\d{1,5}$/)
      .refine((text) => Port.safeParse(text.slice(text.lastIndexOf(':') + 1)).success),
    form: 'HOST:PORT',
    help: 'where other clients of the Kurento Protocol reach the embedded media server (unset: nowhere)',
  },
  KURENTO_TOKEN: {
    schema: z.string().regex(/^[\x21-\x7e]+$/),
    form: 'printable characters without spaces',
    help: 'bearer token asked of them (unset: none, on this machine only)',
    secret: true,
  },
  KURENTO_FILES: {
    schema: z
      .string()
      .transform((text) => text.split(',').map((part) => part.trim()))
      .refine((folders) => folders.every((folder) => folder !== ''))
      .transform((folders) => folders.map((folder) => resolve(folder))),
    form: 'folders with commas between them',
    help: 'folders that their recorders and players may use, besides the recordings',
  },
  DATABASE_URL: {
    schema: Url(/^postgres(ql)?:\/\//),
    form: 'a URL that begins with postgres://',
    help: 'PostgreSQL database (unset: libsql in the data folder)',
    secret: true,
  },
  LOG_LEVEL: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    form: 'one of fatal, error, warn, info, debug, trace, silent',
    help: 'least severe log lines to print',
    initially: 'info',
  },
} satisfies Record<string, Setting>;

type SettingName = keyof typeof settings;

export type TlsConfiguration =
  | { readonly kind: 'off' }
  | { readonly kind: 'self-signed' }
  /** Absolute paths. */
  | { readonly kind: 'files'; readonly certFile: string; readonly keyFile: string };

export interface TurnTls {
  readonly port: number;
  /** `host` or `host:port`. */
  readonly name: string | undefined;
}

export type TurnConfiguration =
  | { readonly kind: 'off' }
  | { readonly kind: 'embedded'; readonly port: number; readonly tls?: TurnTls }
  | {
      readonly kind: 'external';
      readonly server: { readonly urls: readonly string[]; readonly secret: string };
    };

/** For other clients of the embedded media server. */
export interface KurentoConfiguration {
  /** HOST:PORT */
  readonly listen: string;
  /** Undefined: anybody on this machine, and only there. */
  readonly token: string | undefined;
  /** Absolute paths. */
  readonly files: readonly string[];
}

export interface Configuration {
  readonly port: number;
  readonly host: string;
  /** Absolute path. */
  readonly dataDir: string;
  readonly tls: TlsConfiguration;
  /** Addresses and subnets such as `192.0.2.0/24`. */
  readonly trustedProxies: readonly string[];
  readonly rtcPort: number;
  /** Empty: those of this machine. */
  readonly announcedIps: readonly string[];
  readonly turn: TurnConfiguration;
  readonly mediaServerUrl: string | undefined;
  readonly mediaServerToken: string | undefined;
  /** Absolute path. */
  readonly mediaServerCa: string | undefined;
  /** Undefined: the embedded media server serves nobody but Parley. */
  readonly kurento: KurentoConfiguration | undefined;
  readonly databaseUrl: string | undefined;
  /** Those that were set, by the names of their settings: for whoever looks whether they are told to others. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Where they were read from; absolute paths. */
  readonly secretFiles: readonly string[];
  /** What the operator should know of the settings, each in a line. */
  readonly warnings: readonly string[];
  readonly logLevel: z.infer<typeof settings.LOG_LEVEL.schema>;
}

/**
 * Reads flags first, then the environment, then the defaults. An empty one counts as unset.
 * @param args the command line after the program's name
 * @returns 'help' when it was asked for
 * @throws StartError ('configuration') on the first unknown flag or wrong value
 */
export function readConfiguration(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Configuration | 'help' {
  const flags = readFlags(args);
  if (flags === 'help') return 'help';
  // Each once: a file may be a pipe.
  const texts = new Map(settingNames().map((name) => [name, textOf(name, { flags, environment })]));
  const read = <Name extends SettingName>(name: Name) => readSetting(name, texts.get(name));
  const tls = tlsOf(required(read('TLS')), read('TLS_CERT'), read('TLS_KEY'));
  const configuration: Configuration = {
    port: required(read('PORT')),
    host: required(read('HOST')),
    dataDir: required(read('DATA_DIR')),
    tls,
    trustedProxies: read('TRUST_PROXY') ?? [],
    rtcPort: required(read('RTC_PORT')),
    announcedIps: read('ANNOUNCED_IPS') ?? [],
    turn: turnOf({
      port: required(read('TURN_PORT')),
      tlsPort: read('TURN_TLS_PORT'),
      tlsName: read('TURN_TLS_NAME'),
      urls: read('TURN_URL'),
      secret: read('TURN_SECRET'),
      tls,
    }),
    mediaServerUrl: read('MEDIA_SERVER_URL'),
    mediaServerToken: read('MEDIA_SERVER_TOKEN'),
    mediaServerCa: read('MEDIA_SERVER_CA'),
    kurento: kurentoOf({
      listen: read('KURENTO_LISTEN'),
      token: read('KURENTO_TOKEN'),
      files: read('KURENTO_FILES'),
      mediaServerUrl: read('MEDIA_SERVER_URL'),
    }),
    databaseUrl: read('DATABASE_URL'),
    ...secretsIn(texts),
    logLevel: required(read('LOG_LEVEL')),
  };
  if (configuration.mediaServerToken !== undefined && configuration.mediaServerUrl === undefined)
    throw StartError.configuration(
      'MEDIA_SERVER_TOKEN is of use only with MEDIA_SERVER_URL: set both or neither',
    );
  if (configuration.mediaServerUrl !== undefined && hasSecret(new URL(configuration.mediaServerUrl)))
    throw StartError.configuration(
      'MEDIA_SERVER_URL is told by reports and logs: its token belongs in MEDIA_SERVER_TOKEN',
    );
  if (configuration.mediaServerCa !== undefined && !/^wss:/i.test(configuration.mediaServerUrl ?? ''))
    throw StartError.configuration(
      'MEDIA_SERVER_CA is of use only with a MEDIA_SERVER_URL that begins with wss://',
    );
  return configuration;
}

/** A name and password, or the token, which the media server takes in the query too. */
function hasSecret({ username, password, searchParams }: URL): boolean {
  return username !== '' || password !== '' || searchParams.has('token');
}

function tlsOf(
  mode: 'off' | 'self-signed',
  certFile: string | undefined,
  keyFile: string | undefined,
): TlsConfiguration {
  if (certFile === undefined && keyFile === undefined) return { kind: mode };
  if (certFile === undefined || keyFile === undefined)
    throw StartError.configuration('TLS_CERT and TLS_KEY belong together: set both or neither');
  if (mode === 'self-signed')
    throw StartError.configuration(
      'TLS=self-signed makes a certificate, TLS_CERT names one: set one of them',
    );
  return { kind: 'files', certFile, keyFile };
}

interface KurentoSettings {
  listen: string | undefined;
  token: string | undefined;
  files: readonly string[] | undefined;
  mediaServerUrl: string | undefined;
}

function kurentoOf({
  listen,
  token,
  files,
  mediaServerUrl,
}: KurentoSettings): KurentoConfiguration | undefined {
  if (listen === undefined) {
    if (token === undefined && files === undefined) return undefined;
    const lonely = token === undefined ? 'KURENTO_FILES' : 'KURENTO_TOKEN';
    throw StartError.configuration(`${lonely} is of use only with KURENTO_LISTEN: set both or neither`);
  }
  if (mediaServerUrl !== undefined)
    throw StartError.configuration(
      'KURENTO_LISTEN is for the embedded media server, MEDIA_SERVER_URL names another one: set one of them',
    );
  if (token === undefined && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):/.test(listen))
    throw StartError.configuration(
      `KURENTO_LISTEN ${listen} is reachable from other machines: set KURENTO_TOKEN as well`,
    );
  return { listen, token, files: files ?? [] };
}

interface TurnSettings {
  port: 'off' | number;
  tlsPort: 'off' | number | undefined;
  tlsName: string | undefined;
  urls: readonly string[] | undefined;
  secret: string | undefined;
  tls: TlsConfiguration;
}

function turnOf(settings: TurnSettings): TurnConfiguration {
  const { port, urls, secret } = settings;
  if (urls === undefined && secret === undefined) {
    if (port === 'off') return { kind: port };
    const tls = turnTlsOf(port, settings);
    return { kind: 'embedded', port, ...(tls && { tls }) };
  }
  if (urls === undefined || secret === undefined)
    throw StartError.configuration('TURN_URL and TURN_SECRET belong together: set both or neither');
  return { kind: 'external', server: { urls, secret } };
}

/**
 * Browsers ask nobody about a relay's certificate: with one that nobody vouches for they just do not connect. So without a
 * word of the operator there is TLS only with a certificate that was given.
 */
function turnTlsOf(port: number, { tlsPort, tlsName: name, tls }: TurnSettings): TurnTls | undefined {
  const chosen = tlsPort ?? (tls.kind === 'files' ? TURN_TLS_PORT : 'off');
  if (chosen === 'off') return undefined;
  if (tls.kind === 'off')
    throw StartError.configuration('TURN_TLS_PORT needs a certificate: set TLS_CERT and TLS_KEY');
  if (chosen === port && port !== 0)
    throw StartError.configuration('TURN_TLS_PORT and TURN_PORT must differ: both are TCP ports');
  return { port: chosen, name };
}

function isAddressOrSubnet(text: string): boolean {
  const [address = '', prefix, more] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (more !== undefined || bits < 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
}

/** What `--help` prints. */
export function helpText(): string {
  const rows = settingNames().map((name) => {
    const { help, initially } = settings[name] as Setting;
    return `  ${name.padEnd(20)} ${flagOf(name).padEnd(22)} ${help}${initially === undefined ? '' : ` [${initially}]`}`;
  });
  const secrets = secretVariables();
  return [
    'Parley: self-hosted video conferencing. Starts everything it needs and prints the address to open.',
    '',
    'Usage: npm start -- [--flag value ...]',
    '',
    'Each setting is an environment variable or a flag; the flag wins:',
    ...rows,
    '',
    `Every user of the machine can read flags. Secrets (${secrets.join(', ')})`,
    `belong into the environment, or into files: ${secrets[0]}${FILE_SUFFIX} (${flagOf(`${secrets[0]}${FILE_SUFFIX}`)}) names that of ${secrets[0]}, and so on.`,
    '',
  ].join('\n');
}

function readFlags(args: readonly string[]): ReadonlyMap<string, string> | 'help' {
  // Not strict: parseArgs' own messages run over several lines and speak of its API.
  const { values, positionals } = parseArgs({
    args: [...args],
    strict: false,
    options: {
      help: { type: 'boolean', short: 'h' },
      ...Object.fromEntries(
        variableNames().map((name) => [flagOf(name).slice(2), { type: 'string' as const }]),
      ),
    },
  });
  if (values['help'] === true) return 'help';
  const known = new Set(variableNames().map(flagOf));
  const flags = new Map<string, string>();
  for (const [name, value] of Object.entries(values)) {
    const flag = `--${name}`;
    if (!known.has(flag))
      throw StartError.configuration(`unknown flag ${flag}: --help shows those there are`);
    if (typeof value !== 'string') throw StartError.configuration(`${flag} needs a value`);
    flags.set(flag, value);
  }
  if (positionals[0] !== undefined)
    throw StartError.configuration(`"${positionals[0]}" is not understood: --help shows what is`);
  return flags;
}

interface Sources {
  readonly flags: ReadonlyMap<string, string>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface GivenText {
  readonly text: string;
  /** How it was given: a flag or a variable. */
  readonly by: string;
  /** Where a secret was read from; absolute path. */
  readonly file?: string;
}

/** A secret's own flag or variable, or that of its file; the flags first, and never both. */
function textOf(name: SettingName, { flags, environment }: Sources): GivenText | undefined {
  const { secret, initially }: Setting = settings[name];
  for (const [given, spelled] of [
    [(variable: string) => flags.get(flagOf(variable)), flagOf],
    [(variable: string) => environment[variable], (variable: string) => variable],
  ] as const) {
    const text = given(name) || undefined;
    const file = (secret && given(name + FILE_SUFFIX)) || undefined;
    if (text !== undefined && file !== undefined)
      throw StartError.configuration(
        `${spelled(name)} and ${spelled(name + FILE_SUFFIX)} say the same: set one of them`,
      );
    if (text !== undefined) return { text, by: spelled(name) };
    if (file === undefined) continue;
    const by = spelled(name + FILE_SUFFIX);
    return { text: readSecretFile(by, file), by, file: resolve(file) };
  }
  return initially === undefined ? undefined : { text: initially, by: name };
}

function readSetting<Name extends SettingName>(
  name: Name,
  given: GivenText | undefined,
): z.infer<(typeof settings)[Name]['schema']> | undefined {
  if (given === undefined) return undefined;
  const setting: Setting = settings[name];
  const parsed = setting.schema.safeParse(given.text);
  if (!parsed.success) {
    const what = setting.secret ? '' : `, not "${given.text}"`;
    throw StartError.configuration(`${given.by} must be ${setting.form}${what}`);
  }
  return parsed.data as z.infer<(typeof settings)[Name]['schema']>;
}

function secretsIn(
  texts: ReadonlyMap<SettingName, GivenText | undefined>,
): Pick<Configuration, 'secrets' | 'secretFiles' | 'warnings'> {
  const given = secretVariables().flatMap((name) => {
    const found = texts.get(name);
    return found && isSecret(found.text) ? [{ name, ...found }] : [];
  });
  const ofFlags = given.filter(({ name, by }) => by === flagOf(name));
  return {
    secrets: new Map(given.map(({ name, text }) => [name, text])),
    secretFiles: given.flatMap(({ file }) => file ?? []),
    warnings: flagWarnings(ofFlags.map(({ name }) => name)),
  };
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('a setting with a default has no value');
  return value;
}

function settingNames(): SettingName[] {
  return Object.keys(settings) as SettingName[];
}

/** The environment variables of secrets, without those that name their files. */
export function secretVariables(): SettingName[] {
  return settingNames().filter((name) => (settings[name] as Setting).secret);
}

/** With those of the files of secrets. */
function variableNames(): string[] {
  return [...settingNames(), ...secretVariables().map((name) => name + FILE_SUFFIX)];
}

function flagOf(name: string): string {
  return `--${name.toLowerCase().replaceAll('_', '-')}`;
}
