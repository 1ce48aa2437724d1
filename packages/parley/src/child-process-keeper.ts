// A part of Parley in a process of its own: forked, watched, started again when it dies or hangs, and ended with this one.
// Knows nothing of what the part does: `media-server-process.ts` and `app-server-process.ts` do.
import { fork, type ChildProcess } from 'node:child_process';
import type { Logger } from 'pino';
import { z } from 'zod';

/** Why a part did not start: in its own words, or what was seen of it. */
const Failure = z.object({
  type: z.literal('failed'),
  message: z.string(),
  /** Of the system call that failed, such as EADDRINUSE. */
  code: z.string().optional(),
  /** A fault of the code and nothing that the operator could mend; `message` has its stack then. */
  fault: z.boolean().optional(),
});
export type Failure = Omit<z.infer<typeof Failure>, 'type'>;

/** What a part's former lives say to the next one. */
export interface Former<Ready> {
  /** What it reported when it was ready the last time; undefined at the first start. */
  readonly ready: Ready | undefined;
  /** How often in a row it has died soon after its start. */
  readonly quickDeaths: number;
}

export interface ChildProcessOptions<Ready> {
  /** As the operator calls it, such as "media server". */
  readonly what: string;
  /** The program to fork; absolute path. */
  readonly entry: string;
  readonly args: (former: Former<Ready>) => readonly string[];
  /** Not for the command line, which every user of the machine can read. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The first message to each new process, once there is something to be told. */
  readonly instructions?: (former: Former<Ready>) => Promise<object>;
  /** The report of a process that is ready. */
  readonly ready: z.ZodType<Ready>;
  /** What `start` throws. */
  readonly failed: (failure: Failure) => Error;
  /** How long it may take to end in order, in ms. */
  readonly stopDeadlineMs: number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly heartbeatMs?: number | undefined;
  readonly silenceLimitMs?: number | undefined;
}

/** A process that says nothing for this long will not: a start takes about 1 s, on a loaded small machine 10. */
const START_DEADLINE_MS = 30_000;
/** How often it is asked whether it is alive, and how long it may be silent before it is ended by force. */
const HEARTBEAT_MS = 5_000;
const SILENCE_LIMIT_MS = 20_000;
/** Calls wait for it: at once the first time, and ever more slowly when that does not help. Never given up. */
const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 10_000;
/** Having run for this long, a death is not taken for the continuation of the former one. */
const STEADY_AFTER_MS = 60_000;

export class ChildProcessKeeper<Ready> {
  readonly #options: ChildProcessOptions<Ready>;
  readonly #endWithUs = () => void this.#child?.kill('SIGKILL');
  #ready: Ready | undefined;
  #child: ChildProcess | undefined;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #backoffMs = FIRST_BACKOFF_MS;
  #quickDeaths = 0;
  #readySince = 0;
  #closed: Promise<void> | undefined;

  private constructor(options: ChildProcessOptions<Ready>) {
    this.#options = options;
    process.once('exit', this.#endWithUs);
  }

  /**
   * Forks it and waits until it is ready.
   * @throws what `failed` makes of the reason that it gave itself; what `instructions` rejects with
   */
  static async start<Ready>(options: ChildProcessOptions<Ready>): Promise<ChildProcessKeeper<Ready>> {
    const keeper = new ChildProcessKeeper(options);
    try {
      await keeper.#launch();
    } catch (error) {
      await keeper.close();
      throw error;
    }
    return keeper;
  }

  /** What it reported when it was ready the last time. */
  get ready(): Ready {
    if (this.#ready === undefined) throw new Error(`the ${this.#options.what} is not ready yet`);
    return this.#ready;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Tells it something; what is told while it is not there is lost. */
  send(message: object): void {
    if (this.#child?.connected) this.#child.send(message);
  }

  /** Ends it in order, by force after the deadline; resolves when no process is left. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#restart);
    clearInterval(this.#heartbeat);
    const child = this.#child;
    if (child && !hasEnded(child)) await this.#stop(child);
    // Only now: who is told to end at once while this waits must not leave it behind.
    process.off('exit', this.#endWithUs);
  }

  async #stop(child: ChildProcess): Promise<void> {
    const force = setTimeout(() => child.kill('SIGKILL'), this.#options.stopDeadlineMs);
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
    clearTimeout(force);
  }

  /** Resolves when it is ready, rejects when it is not going to be. */
  async #launch(): Promise<void> {
    const { entry, args, environment, instructions, ready, failed, what, log } = this.#options;
    const former = { ready: this.#ready, quickDeaths: this.#quickDeaths };
    const child = fork(entry, args(former), {
      execArgv: ['--import', import.meta.resolve('tsx')],
      env: { ...process.env, ...environment },
      // Ctrl-C in a terminal reaches all its processes; these are ended in their order.
      detached: true,
    });
    this.#child = child;
    // The channel may break (EPIPE) while the process dies; `exit` tells the same.
    child.on('error', (error) => log.warn({ err: error }, `${what} process`));
    try {
      const report = firstReport(child, ready);
      await Promise.race([report, instruct(child, instructions?.(former))]);
      const first = await report;
      if ('failure' in first) throw failed(first.failure);
      this.#ready = first.ready;
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    this.#readySince = performance.now();
    this.#watch(child);
    if (hasEnded(child)) this.#onDeath();
    else child.once('exit', () => this.#onDeath());
  }

  /**
   * A process can hang without dying: then it does nothing and restarts nothing. It is ended, and so started again. Silence is
   * counted in questions, not by the clock: who stood still itself, as in a paused container, has heard nobody.
   */
  #watch(child: ChildProcess): void {
    const { heartbeatMs = HEARTBEAT_MS, silenceLimitMs = SILENCE_LIMIT_MS, what, log } = this.#options;
    let unanswered = 0;
    child.on('message', () => (unanswered = 0));
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      const silentForMs = unanswered * heartbeatMs;
      if (silentForMs >= silenceLimitMs) {
        log.error({ silentForMs }, `${what} does not answer and is ended`);
        child.kill('SIGKILL');
        return;
      }
      unanswered++;
      if (child.connected) child.send({ type: 'ping' });
    }, heartbeatMs);
  }

  #onDeath(): void {
    clearInterval(this.#heartbeat);
    if (this.#closed) return;
    const { exitCode, signalCode } = this.#child ?? {};
    if (performance.now() - this.#readySince > STEADY_AFTER_MS) {
      this.#backoffMs = FIRST_BACKOFF_MS;
      this.#quickDeaths = 0;
    } else this.#quickDeaths++;
    const { what, log } = this.#options;
    log.error({ exitCode, signalCode, restartInMs: this.#backoffMs }, `${what} died`);
    this.#launchLater();
  }

  #launchLater(): void {
    this.#restart = setTimeout(() => void this.#relaunch(), this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS);
  }

  async #relaunch(): Promise<void> {
    const { what, log } = this.#options;
    try {
      await this.#launch();
      log.info({ pid: this.pid }, `${what} runs again`);
    } catch (error) {
      if (this.#closed) return;
      this.#quickDeaths++;
      log.error({ err: error, retryInMs: this.#backoffMs }, `${what} did not start again`);
      this.#launchLater();
    }
  }
}

type FirstReport<Ready> = { readonly ready: Ready } | { readonly failure: Failure };

/** Never rejects. */
function firstReport<Ready>(child: ChildProcess, schema: z.ZodType<Ready>): Promise<FirstReport<Ready>> {
  return new Promise((resolve) => {
    const settle = (outcome: FirstReport<Ready>) => {
      clearTimeout(deadline);
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      resolve(outcome);
    };
    const fail = (message: string) => settle({ failure: { message } });
    const onMessage = (message: unknown) => {
      const ready = schema.safeParse(message);
      const failure = Failure.safeParse(message);
      if (ready.success) settle({ ready: ready.data });
      else if (failure.success) settle({ failure: failure.data });
      else fail('it reported something that is not understood');
    };
    const onExit = (code: number | null, signal: string | null) =>
      fail(signal ? `it was ended by ${signal}` : `it ended with exit code ${code ?? 'unknown'}`);
    const onError = (error: Error) => fail(error.message);
    const deadline = setTimeout(
      () => fail(`it was not ready after ${START_DEADLINE_MS} ms`),
      START_DEADLINE_MS,
    );
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
  });
}

/** Rejects with the instructions, so that nobody waits for a process that will not be told what to do. */
async function instruct(child: ChildProcess, instructions: Promise<object> | undefined): Promise<void> {
  const told = await instructions;
  if (told && child.connected) child.send({ ...told, type: 'start' });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
