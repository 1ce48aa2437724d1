// The bad network as a program: starts one proxy, says where it listens, and what happened when it is stopped.
import { HELP, readCommandLine, UsageError } from './command-line.ts';
import { addressText } from './direction.ts';
import { startTcpProxy } from './tcp-proxy.ts';
import { startUdpProxy } from './udp-proxy.ts';

async function main(): Promise<void> {
  const command = readCommandLine(process.argv.slice(2));
  if (command === 'help') {
    process.stdout.write(HELP);
    return;
  }
  const { transport, target, seed } = command;
  const proxy = await (transport === 'tcp' ? startTcpProxy(command) : startUdpProxy(command));
  const way = `${addressText(proxy.address)} -> ${addressText(target)}`;
  process.stdout.write(`${transport} ${way}, seed ${seed}\n`);
  const stop = (): void => {
    process.stdout.write(`${JSON.stringify(proxy.statistics(), undefined, 2)}\n`);
    proxy.close().catch(fail);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
}

/** One line for what the user can mend; the whole error for a fault of ours. */
function fail(error: unknown): void {
  if (error instanceof UsageError) process.stderr.write(`bad-network: ${error.message}; see --help\n`);
  else if (error instanceof Error && 'syscall' in error)
    process.stderr.write(`bad-network: ${error.message}\n`);
  else console.error('bad-network:', error);
  process.exitCode = 1;
}

main().catch(fail);
