// The process of the application server: told by the one that forked it what to do, and gone with it. Decides nothing.
import {
  AppServerStartError,
  startAppServer,
  type RunningAppServer,
  type TurnEvent,
} from '@parley/app-server';
import { pino } from 'pino';
import type { AppServerStart, TurnEventMessage } from './app-server-process.ts';
import type { Failure } from './child-process-keeper.ts';

type Message = AppServerStart | TurnEventMessage | { readonly type: 'ping' };

/** Without the process that forked it there is nobody who would end it by force, in ms. */
const ORPHAN_DEADLINE_MS = 2_500;

let starting: Promise<RunningAppServer> | undefined;
const turnListeners = new Set<(event: TurnEvent) => void>();

function onMessage(message: Message): void {
  if (message.type === 'turn-event') for (const listener of turnListeners) listener(message.event);
  else if (message.type === 'ping') tell({ type: 'alive' });
  else if (!starting) {
    starting = startAppServer({
      ...message.options,
      turnEvents: (listener) => {
        turnListeners.add(listener);
        return () => turnListeners.delete(listener);
      },
      log: pino({ level: message.logLevel, base: null }),
    });
    starting.then(
      ({ port, certificate, admin }) => tell({ type: 'ready', port, certificate, admin }),
      (error: unknown) => tell({ type: 'failed', ...failureOf(error) }, () => process.exit(1)),
    );
  }
}

/** The channel is gone when the one who forked this process is: `disconnect` deals with that. */
function tell(message: object, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, sent);
  else sent();
}

/** One line for what the operator can mend; the whole error for a fault of ours. */
function failureOf(error: unknown): Failure {
  if (error instanceof AppServerStartError) return { message: error.message, code: error.code };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error), fault: true };
}

/** Also when it is still starting: what was begun is ended in its order. */
async function stop(): Promise<void> {
  try {
    await (await starting)?.close();
    process.exit(0);
  } catch (error) {
    console.error('application server:', error);
    process.exit(1);
  }
}

process.on('message', onMessage);
// Twice when a service manager tells every process what the keeper tells this one: the second time changes nothing.
process.on('SIGTERM', () => void stop());
process.once('disconnect', () => {
  setTimeout(() => process.exit(1), ORPHAN_DEADLINE_MS);
  void stop();
});
