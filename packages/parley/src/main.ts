// The program `npm start` runs: configuration in, report out, signals to an orderly end.
import { helpText, readConfiguration } from './configuration.ts';
import { StartError } from './errors.ts';
import { startProgram, type Program } from './program.ts';
import { StopRequests } from './stop-requests.ts';
import { startReport } from './start-report.ts';

/** An orderly end that takes longer than this is not going to happen: promised are 3 s. */
const CLOSE_DEADLINE_MS = 2_700;

let program: Program | undefined;
const stopRequests = new StopRequests();

async function main(): Promise<void> {
  // Recordings and keys to rooms: what this process and its media server write is for this user only.
  process.umask(0o077);
  const configuration = readConfiguration(process.argv.slice(2), process.env);
  if (configuration === 'help') {
    process.stdout.write(helpText());
    return;
  }
  for (const warning of configuration.warnings) process.stderr.write(`parley: warning: ${warning}\n`);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  program = await startProgram(configuration);
  process.stdout.write(startReport(program));
}

function onSignal(): void {
  const action = stopRequests.next(performance.now(), program !== undefined);
  if (action === 'exit') process.exit(1);
  if (action === 'ignore' || !program) return;
  setTimeout(() => fail(`not everything ended within ${CLOSE_DEADLINE_MS} ms`), CLOSE_DEADLINE_MS);
  program.close().then(
    () => process.exit(0),
    (error: unknown) => fail(error),
  );
}

/** One line for what the operator can mend; the whole error for a fault of ours. */
function fail(error: unknown): never {
  if (error instanceof StartError) process.stderr.write(`parley: ${error.message}\n`);
  else console.error('parley:', error);
  process.exit(1);
}

main().catch(fail);
