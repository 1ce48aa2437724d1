// How the program ends: in order, once, however often and by whom it is told. What is to be closed is the caller's.
import type { Logger } from 'pino';

/** What of `process` is needed here. */
export interface EndingProcess {
  on(event: 'SIGINT' | 'SIGTERM' | 'disconnect', listener: () => void): unknown;
  exit(code: number): void;
}

/** Files are completed within a second or two: after this long, in ms, they are not going to be. */
const CLOSE_DEADLINE_MS = 5_000;

/**
 * Closes and exits on SIGINT, SIGTERM and the end of the process that forked this one. The signals stay heard meanwhile: npm
 * and service managers tell it twice, and a second one that is not heard would end the process at once.
 */
export function endInOrder(
  close: () => Promise<void>,
  log: Pick<Logger, 'error'>,
  self: EndingProcess = process,
): void {
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    setTimeout(() => {
      log.error(`not everything ended within ${CLOSE_DEADLINE_MS} ms`);
      self.exit(1);
    }, CLOSE_DEADLINE_MS);
    close().then(
      () => self.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the media server did not end in order');
        self.exit(1);
      },
    );
  };
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect'] as const) self.on(event, end);
}
