// The embedded media server in a process of its own: what it is told, and what it tells. Knows nothing of the Kurento Protocol.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ChildProcessKeeper, type ChildProcessOptions } from './child-process-keeper.ts';
import { secretVariables, type KurentoConfiguration } from './configuration.ts';
import { makeTestsFolder, testsFolder } from './data-folder.ts';
import { StartError } from './errors.ts';

const Ready = z.object({
  type: z.literal('ready'),
  url: z.string(),
  rtcPort: z.number(),
  addresses: z.array(z.string()),
});
type Ready = z.infer<typeof Ready>;

export interface MediaServerProcessOptions extends Pick<
  ChildProcessOptions<Ready>,
  'log' | 'heartbeatMs' | 'silenceLimitMs'
> {
  /** UDP and TCP; 0: any that is free in both. */
  readonly rtcPort: number;
  /** Empty: those of this machine. */
  readonly announcedIps: readonly string[];
  readonly dataDir: string;
  /** Where others may reach it, and with which token; undefined: nobody else does. */
  readonly kurento?: KurentoConfiguration | undefined;
  readonly logLevel: string;
  /** The program to fork; absolute path. */
  readonly entry?: string;
}

/** Twice what any browser sends unless a page tells it to, and ours does not: Firefox gives 10 Mbit/s at most, Chromium 2.5. */
const MAX_BROWSER_MBITS = 20;

const ENTRY = fileURLToPath(new URL('../../media-server/src/main.ts', import.meta.url));

/** How long it may take to finish its files after SIGTERM. The whole of Parley ends within 3 s. */
const STOP_DEADLINE_MS = 1_500;

export class MediaServerProcess {
  /** Proves to the media server that who asks may; undefined: it lets in everybody on this machine. */
  readonly token: string | undefined;
  readonly #isShared: boolean;
  readonly #keeper: ChildProcessKeeper<Ready>;

  private constructor(token: string | undefined, isShared: boolean, keeper: ChildProcessKeeper<Ready>) {
    this.token = token;
    this.#isShared = isShared;
    this.#keeper = keeper;
  }

  /**
   * Forks it and waits until it takes connections.
   * @throws StartError ('data-folder'; 'media-server') with the reason that it gave itself, such as a UDP port in use
   */
  static async start(options: MediaServerProcessOptions): Promise<MediaServerProcess> {
    // Of this start, unless others have to know it.
    const token = options.kurento ? options.kurento.token : randomBytes(32).toString('base64url');
    // It takes no folder that is not there, and the application server makes this one only later.
    await makeTestsFolder(options.dataDir);
    const keeper = await ChildProcessKeeper.start<Ready>({
      ...options,
      what: 'media server',
      entry: options.entry ?? ENTRY,
      args: ({ ready }) => flagsOf(options, ready),
      environment: {
        // It reads what strangers send, and needs none of the others.
        ...Object.fromEntries(secretVariables().map((name) => [name, ''])),
        PARLEY_MEDIA_TOKEN: token ?? '',
        PARLEY_MEDIA_TOKEN_FILE: '',
      },
      ready: Ready,
      failed: ({ message }) => StartError.mediaServer(message),
      stopDeadlineMs: STOP_DEADLINE_MS,
    });
    return new MediaServerProcess(token, options.kurento !== undefined, keeper);
  }

  /** `ws://127.0.0.1:…/kurento`, for this machine; stays the same when it is started again. */
  get url(): string {
    return this.#keeper.ready.url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
  }

  /** Where others may reach it; undefined: nowhere. */
  get kurentoUrl(): string | undefined {
    return this.#isShared ? this.#keeper.ready.url : undefined;
  }

  get rtcPort(): number {
    return this.#keeper.ready.rtcPort;
  }

  /** Those that it tells browsers. */
  get addresses(): readonly string[] {
    return this.#keeper.ready.addresses;
  }

  get pid(): number | undefined {
    return this.#keeper.pid;
  }

  /** Ends it in order, by force after `STOP_DEADLINE_MS`; resolves when no process is left. */
  close(): Promise<void> {
    return this.#keeper.close();
  }
}

function flagsOf(options: MediaServerProcessOptions, former: Ready | undefined): string[] {
  const { rtcPort, announcedIps, dataDir, kurento, logLevel } = options;
  // Once known the ports are kept, so that the application server and browsers find it again after a restart.
  const listen = former ? new URL(former.url).host : (kurento?.listen ?? '127.0.0.1:0');
  const flags = {
    listen,
    'rtc-port': String(former?.rtcPort ?? rtcPort),
    // What it writes and plays, and no more: database and secrets lie beside them.
    data: join(dataDir, 'recordings'),
    files: testsFolder(dataDir),
    'log-level': logLevel,
    // Other programs may have senders of other kinds.
    ...(kurento ? {} : { 'max-receive-mbits': String(MAX_BROWSER_MBITS) }),
  };
  return [
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
    ...announcedIps.flatMap((address) => ['--announce', address]),
    ...(kurento?.files ?? []).flatMap((folder) => ['--files', folder]),
  ];
}
