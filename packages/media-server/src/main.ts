// The media server as a program of its own: flags in, one process that runs until SIGINT, SIGTERM, or the end of the
// process that forked it.
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { endInOrder } from './end-in-order.ts';
import { startMediaServer, type MediaServerOptions } from './server.ts';
import { readTlsFiles } from './tls-files.ts';

const USAGE = `Usage: npm run media-server -- [options]
  --listen HOST:PORT   where the Kurento Protocol is spoken (127.0.0.1:8888)
  --rtc-port PORT      port for all media, UDP and TCP (40000)
  --announce IP        address that browsers send media to; repeatable (the addresses of this machine)
  --token TOKEN        asked of every client (also by environment: PARLEY_MEDIA_TOKEN)
  --tls-cert FILE      PEM certificate: the Kurento Protocol is spoken over wss then
  --tls-key FILE       its key, PEM
  --data DIR           folder that recorders and players are confined to (./data)
  --files DIR          another folder that they may use; repeatable (none)
  --log-level LEVEL    trace, debug, info, warn, error or silent (info)`;

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const LOOPBACK_HOSTS = ['127.0.0.1', '::1', 'localhost'];

/** Something in the command line that a person has to mend. */
class UsageError extends Error {}

interface Flags {
  readonly options: Omit<MediaServerOptions, 'log'>;
  readonly logLevel: string;
}

function readFlags(args: readonly string[]): Flags | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      listen: { type: 'string', default: '127.0.0.1:8888' },
      'rtc-port': { type: 'string', default: '40000' },
      announce: { type: 'string', multiple: true, default: [] },
      token: { type: 'string' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      data: { type: 'string', default: './data' },
      files: { type: 'string', multiple: true, default: [] },
      'log-level': { type: 'string', default: 'info' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const announcedIps = values.announce.flatMap((list) => list.split(','));
  for (const ip of announcedIps) {
    if (isIP(ip) === 0) throw new UsageError(`--announce: "${ip}" is not an IP address`);
  }
  if (!LOG_LEVELS.includes(values['log-level'])) {
    throw new UsageError(`--log-level: "${values['log-level']}" is none of ${LOG_LEVELS.join(', ')}`);
  }
  const listen = readHostAndPort(values.listen);
  const token = values.token ?? process.env.PARLEY_MEDIA_TOKEN;
  if (!token && !LOOPBACK_HOSTS.includes(listen.host)) {
    throw new UsageError(
      `--listen ${values.listen} is reachable from other machines: give a --token as well`,
    );
  }
  const options = {
    listen,
    rtcPort: readPort('--rtc-port', values['rtc-port']),
    announcedIps,
    token,
    tls: readTlsFiles(values['tls-cert'], values['tls-key']),
    dataDir: resolve(values.data),
    filesDirs: values.files.map((folder) => resolve(folder)),
  };
  return { options, logLevel: values['log-level'] };
}

function readHostAndPort(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  if (!match) throw new UsageError(`--listen: "${text}" is not HOST:PORT`);
  return { host: match[1] ?? match[2], port: readPort('--listen', match[3]) };
}

function readPort(flag: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new UsageError(`${flag}: "${text}" is not a port (0 to 65535)`);
  return port;
}

/** One line for a person, from whatever kept the server from starting. */
function explain(error: unknown, flags: Flags | undefined): string {
  const { code, message, syscall, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') {
    const { rtcPort, listen } = flags?.options ?? {};
    // Media is UDP and, under the same number, TCP.
    if (syscall === 'bind')
      return `UDP port ${rtcPort} is in use: choose another one with RTC_PORT or --rtc-port`;
    return port === rtcPort
      ? `TCP port ${rtcPort} is in use, media needs it too: choose another one with RTC_PORT or --rtc-port`
      : `port ${listen?.port} is in use: choose another one with --listen`;
  }
  if (code === 'EACCES') return `not allowed: ${message}`;
  return message;
}

async function main(): Promise<void> {
  let flags: Flags | undefined;
  try {
    const read = readFlags(process.argv.slice(2));
    if (read === 'help') {
      console.log(USAGE);
      return;
    }
    flags = read;
    const log = pino({ level: flags.logLevel, base: { part: 'media-server' } });
    const server = await startMediaServer({ ...flags.options, log });
    endInOrder(() => server.close(), log);
    if (process.send) {
      // Whoever forked this process asks whether it still does anything.
      process.on('message', () => process.send?.({ type: 'alive' }));
      const { url, rtcPort, addresses } = server;
      process.send({ type: 'ready', url, rtcPort, addresses });
    }
  } catch (error) {
    const message = explain(error, flags);
    process.exitCode = 1;
    // Whoever forked it tells the operator, in its own words: the same line twice would be one too many.
    if (process.send) process.send({ type: 'failed', message }, () => process.exit());
    else {
      console.error(`media server: ${message}`);
      process.exit();
    }
  }
}

await main();
