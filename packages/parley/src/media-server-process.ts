// The embedded media server: a process of its own that is forked, watched, started again when it dies, and ended with
// this one. Knows nothing of the Kurento Protocol.
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { z } from 'zod';
import { StartError } from './errors.ts';

/** What the media server tells the process that forked it. */
const Report = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    url: z.string(),
    rtcPort: z.number(),
    addresses: z.array(z.string()),
  }),
  z.object({ type: z.literal('failed'), message: z.string() }),
]);
type Ready = Extract<z.infer<typeof Report>, { type: 'ready' }>;

export interface MediaServerProcessOptions {
  /** UDP and TCP; 0: any that is free in both. */
  readonly rtcPort: number;
  /** Empty: those of this machine. */
  readonly announcedIps: readonly string[];
  readonly dataDir: string;
  readonly logLevel: string;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** The program to fork; absolute path. */
  readonly entry?: string;
  readonly heartbeatMs?: number;
  readonly silenceLimitMs?: number;
}

const ENTRY = fileURLToPath(new URL('../../media-server/src/main.ts', import.meta.url));

/** A media server that says nothing for this long will not: a start takes about 1 s, on a loaded small machine 10. */
const START_DEADLINE_MS = 30_000;
/** How long it may take to finish its files after SIGTERM. The whole of Parley ends within 3 s. */
const STOP_DEADLINE_MS = 1_500;
/** How often it is asked whether it is alive, and how long it may be silent before it is ended by force. */
const HEARTBEAT_MS = 5_000;
const SILENCE_LIMIT_MS = 20_000;
const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 10_000;
/** Having run for this long, a death is not taken for the continuation of the former one. */
const STEADY_AFTER_MS = 60_000;

export class MediaServerProcess {
  /** Of this start; proves to the media server that who asks is us. */
  readonly token = randomBytes(32).toString('base64url');
  readonly #options: MediaServerProcessOptions;
  readonly #endWithUs = () => void this.#child?.kill('SIGKILL');
  #ready: Ready | undefined;
  #child: ChildProcess | undefined;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #backoffMs = FIRST_BACKOFF_MS;
  #readySince = 0;
  #closed: Promise<void> | undefined;

  private constructor(options: MediaServerProcessOptions) {
    this.#options = options;
    process.once('exit', this.#endWithUs);
  }

  /**
   * Forks it and waits until it takes connections.
   * @throws StartError ('media-server') with the reason that it gave itself, such as a UDP port in use
   */
  static async start(options: MediaServerProcessOptions): Promise<MediaServerProcess> {
    const server = new MediaServerProcess(options);
    try {
      await server.#launch();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** `ws://127.0.0.1:…/kurento`; stays the same when it is started again. */
  get url(): string {
    return this.#known.url;
  }

  get rtcPort(): number {
    return this.#known.rtcPort;
  }

  /** Those that it tells browsers. */
  get addresses(): readonly string[] {
    return this.#known.addresses;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Ends it in order, by force after `STOP_DEADLINE_MS`; resolves when no process is left. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  get #known(): Ready {
    if (!this.#ready) throw new Error('the media server is not ready yet');
    return this.#ready;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#restart);
    clearInterval(this.#heartbeat);
    process.off('exit', this.#endWithUs);
    const child = this.#child;
    if (!child || hasEnded(child)) return;
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
    clearTimeout(force);
  }

  /** Resolves when it is ready, rejects with a StartError when it is not going to be. */
  async #launch(): Promise<void> {
    const { rtcPort, announcedIps, dataDir, logLevel, entry = ENTRY } = this.#options;
    // Once known the ports are kept, so that the application server and browsers find it again after a restart.
    const control = this.#ready ? new URL(this.#ready.url).host : '127.0.0.1:0';
    const flags = { listen: control, 'rtc-port': String(this.#ready?.rtcPort ?? rtcPort), data: dataDir };
    const child = fork(
      entry,
      [
        ...Object.entries({ ...flags, 'log-level': logLevel }).flatMap(([name, value]) => [
          `--${name}`,
          value,
        ]),
        ...announcedIps.flatMap((address) => ['--announce', address]),
      ],
      {
        execArgv: ['--import', import.meta.resolve('tsx')],
        // The token is not on the command line: that can be read by every user of the machine.
        env: { ...process.env, PARLEY_MEDIA_TOKEN: this.token },
        // Ctrl-C in a terminal reaches all its processes; this one must outlive the end of the recordings.
        detached: true,
      },
    );
    this.#child = child;
    try {
      this.#ready = await firstReport(child);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    this.#readySince = performance.now();
    if (hasEnded(child)) this.#onDeath();
    else child.once('exit', () => this.#onDeath());
    this.#watch(child);
    // The channel may break (EPIPE) while the process dies; `exit` tells the same.
    child.on('error', (error) => this.#options.log.warn({ err: error }, 'media server process'));
  }

  /** A process can hang without dying: then it carries no media and restarts nothing. It is ended, and so started again. */
  #watch(child: ChildProcess): void {
    const { heartbeatMs = HEARTBEAT_MS, silenceLimitMs = SILENCE_LIMIT_MS } = this.#options;
    let heardAt = performance.now();
    child.on('message', () => (heardAt = performance.now()));
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      const silentForMs = Math.round(performance.now() - heardAt);
      if (silentForMs > silenceLimitMs) {
        this.#options.log.error({ silentForMs }, 'media server does not answer and is ended');
        child.kill('SIGKILL');
      } else if (child.connected) child.send({ type: 'ping' });
    }, heartbeatMs);
  }

  #onDeath(): void {
    clearInterval(this.#heartbeat);
    if (this.#closed) return;
    const { exitCode, signalCode } = this.#child ?? {};
    if (performance.now() - this.#readySince > STEADY_AFTER_MS) this.#backoffMs = FIRST_BACKOFF_MS;
    this.#options.log.error({ exitCode, signalCode, restartInMs: this.#backoffMs }, 'media server died');
    this.#launchLater();
  }

  #launchLater(): void {
    this.#restart = setTimeout(() => void this.#relaunch(), this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS);
  }

  async #relaunch(): Promise<void> {
    try {
      await this.#launch();
      this.#options.log.info({ url: this.url, rtcPort: this.rtcPort }, 'media server runs again');
    } catch (error) {
      if (this.#closed) return;
      this.#options.log.error({ err: error, retryInMs: this.#backoffMs }, 'media server did not start again');
      this.#launchLater();
    }
  }
}

function firstReport(child: ChildProcess): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: Ready | string) => {
      clearTimeout(deadline);
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      if (typeof outcome === 'string') reject(StartError.mediaServer(outcome));
      else resolve(outcome);
    };
    const onMessage = (message: unknown) => {
      const report = Report.safeParse(message);
      if (!report.success) settle('it reported something that is not understood');
      else settle(report.data.type === 'ready' ? report.data : report.data.message);
    };
    const onExit = (code: number | null, signal: string | null) =>
      settle(signal ? `it was ended by ${signal}` : `it ended with exit code ${code ?? 'unknown'}`);
    const onError = (error: Error) => settle(error.message);
    const deadline = setTimeout(
      () => settle(`it was not ready after ${START_DEADLINE_MS} ms`),
      START_DEADLINE_MS,
    );
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
