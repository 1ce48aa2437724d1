// The media server as a program of its own: flags in, one process that runs until SIGINT, SIGTERM, or the end of the
// process that forked it.
import { pino } from 'pino';
import { endInOrder } from './end-in-order.ts';
import { readFlags, usage, type Flags } from './flags.ts';
import { startMediaServer } from './server.ts';

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
      : `port ${listen?.port} is in use: choose another one with --listen (KURENTO_LISTEN where Parley starts it)`;
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `--listen: ${flags?.options.listen.host} is no address of this machine`;
  if (code === 'EACCES') return `not allowed: ${message}`;
  return message;
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
