// The media server as a program of its own: flags in, one process that runs until SIGINT, SIGTERM, or the end of the
// process that forked it.
import { pino } from 'pino';
import { endInOrder } from './end-in-order.ts';
import { isLoopback, readFlags, usage, type Flags } from './flags.ts';
import { DEFAULT_HTTP_PORT, startMediaServer, type RunningMediaServer } from './server.ts';
import { startFailure } from './start-failure.ts';
import { startReport } from './start-report.ts';
import { DEFAULT_RTP_PORTS } from './transport/rtp-transport-factory.ts';

/** Whoever forks this process is Parley, whose operator has settings instead of these flags. */
const embedded = process.send !== undefined;

/** For a person: whoever forked this process has a report of its own. */
function report({ options }: Flags, { url, rtcPort, addresses }: RunningMediaServer): string {
  const { dataDir, filesDirs = [], httpPort = DEFAULT_HTTP_PORT, rtpPorts = DEFAULT_RTP_PORTS } = options;
  const local = options.allowAnonymous ? 'any page' : 'this machine';
  const open = isLoopback(options.listen.host) ? local : 'anybody';
  const access = options.token === undefined ? open : 'token';
  return startReport({ url, access, rtcPort, addresses, rtpPorts, httpPort, dataDir, filesDirs });
}

async function main(): Promise<void> {
  let flags: Flags | undefined;
  try {
    const read = readFlags(process.argv.slice(2), process.env);
    if (read === 'help') {
      console.log(usage());
      return;
    }
    flags = read;
    const log = pino({ level: flags.logLevel, base: { part: 'media-server' } });
    for (const warning of flags.warnings) log.warn(warning);
    const server = await startMediaServer({
      ...flags.options,
      filesSetting: embedded ? 'KURENTO_FILES' : '--files',
      log,
    });
    endInOrder(() => server.close(), log);
    if (process.send) {
      // Whoever forked this process asks whether it still does anything.
      process.on('message', () => process.send?.({ type: 'alive' }));
      const { url, rtcPort, addresses } = server;
      process.send({ type: 'ready', url, rtcPort, addresses });
    } else process.stdout.write(report(flags, server));
  } catch (error) {
    const message = startFailure(error, flags?.options, embedded);
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
