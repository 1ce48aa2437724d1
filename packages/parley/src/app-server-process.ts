// The application server in a process of its own: what it is told, and what it tells. It can die alone: media goes on, and
// the next one carries on from what the data folder says (docs/decisions/0018).
import { fileURLToPath } from 'node:url';
import type { AppServerOptions, TurnEvent } from '@parley/app-server';
import { z } from 'zod';
import { ChildProcessKeeper, type ChildProcessOptions } from './child-process-keeper.ts';
import { StartError } from './errors.ts';

const Ready = z.object({
  type: z.literal('ready'),
  port: z.number(),
  certificate: z
    .object({
      file: z.string(),
      selfMade: z.boolean(),
      fingerprint: z.string(),
      validTo: z.coerce.date(),
    })
    .optional(),
  admin: z.object({ file: z.string(), token: z.string().optional() }),
});
type Ready = z.infer<typeof Ready>;

/** What can be told over a channel that carries JSON. */
export type AppServerSettings = Omit<AppServerOptions, 'log' | 'carryOn' | 'spanProcessors' | 'turnEvents'>;

/** The first message to the process. */
export interface AppServerStart {
  readonly type: 'start';
  readonly options: AppServerSettings & Pick<AppServerOptions, 'carryOn'>;
  readonly logLevel: string;
}

/** Something that the embedded relay did. */
export interface TurnEventMessage {
  readonly type: 'turn-event';
  readonly event: TurnEvent;
}

export interface AppServerProcessOptions extends Pick<
  ChildProcessOptions<Ready>,
  'log' | 'heartbeatMs' | 'silenceLimitMs'
> {
  /** What it is to listen on, as `host:port`: for the operator. */
  readonly address: string;
  /** Awaited after the fork, so that it loads while the others start. */
  readonly settings: Promise<AppServerSettings>;
  readonly logLevel: string;
  /** The program to fork; absolute path. */
  readonly entry?: string;
}

const ENTRY = fileURLToPath(new URL('app-server-main.ts', import.meta.url));

/** Recordings get 1.5 s to be completed; the media server, which ends after it, needs none of the 3 s for those then. */
const STOP_DEADLINE_MS = 2_200;

/** What makes it die again and again may be what it carries on: then it begins with nothing. */
const DEATHS_UNTIL_NEW_BEGINNING = 3;

export class AppServerProcess {
  readonly #keeper: ChildProcessKeeper<Ready>;

  private constructor(keeper: ChildProcessKeeper<Ready>) {
    this.#keeper = keeper;
  }

  /**
   * Forks it and waits until it listens.
   * @throws StartError ('app-server') with the reason that it gave itself; what `settings` rejects with
   */
  static async start(options: AppServerProcessOptions): Promise<AppServerProcess> {
    const { settings, logLevel } = options;
    const keeper = await ChildProcessKeeper.start<Ready>({
      ...options,
      what: 'application server',
      entry: options.entry ?? ENTRY,
      args: () => [],
      instructions: async ({ ready, quickDeaths }) => {
        const known = await settings;
        const carryOn = quickDeaths < DEATHS_UNTIL_NEW_BEGINNING;
        // Once known the port is kept, so that browsers find it again after a restart.
        return { options: { ...known, port: ready?.port ?? known.port, carryOn }, logLevel };
      },
      ready: Ready,
      failed: ({ message, code, fault }) => {
        if (fault) return new Error(`the application server failed: ${message}`);
        return StartError.appServer(options.address, message, code);
      },
      stopDeadlineMs: STOP_DEADLINE_MS,
    });
    return new AppServerProcess(keeper);
  }

  /** Stays the same when it is started again. */
  get port(): number {
    return this.#keeper.ready.port;
  }

  get certificate(): Ready['certificate'] {
    return this.#keeper.ready.certificate;
  }

  /** Where the administrator's token is; the token itself when it was made at this start. */
  get admin(): Ready['admin'] {
    return this.#keeper.ready.admin;
  }

  get pid(): number | undefined {
    return this.#keeper.pid;
  }

  /** Tells it what the embedded relay did; lost while it is being restarted. */
  turnEvent(event: TurnEvent): void {
    this.#keeper.send({ type: 'turn-event', event } satisfies TurnEventMessage);
  }

  /** Ends calls and recordings, and then it; by force after `STOP_DEADLINE_MS`. Resolves when no process is left. */
  close(): Promise<void> {
    return this.#keeper.close();
  }
}
