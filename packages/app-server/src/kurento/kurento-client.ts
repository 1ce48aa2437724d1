// The application server's own small client of the Kurento Protocol: keeps one connection, and another when it is lost.
// Knows nothing of rooms; uses nothing that a real Kurento Media Server lacks.
import type { Logger } from 'pino';
import { MediaServerError } from './errors.ts';
import { KurentoConnection, type JsonObject } from './kurento-connection.ts';
import type { EventHandler, MediaServer } from './media-server.ts';
import { releaseOrphans } from './orphans.ts';

export interface KurentoClientOptions {
  url: string;
  token?: string | undefined;
  /** PEM of the authority to trust for `wss://` instead of the public ones. */
  authority?: string | undefined;
  /** Marks this installation's pipelines (`OWNER_TAG`), so that those of a former life can be told from others'. */
  installation: string;
  /** Its pipelines that are carried on: the first attempt to connect leaves them as they are. */
  carriedOn?: ReadonlySet<string> | undefined;
  log: Logger;
  deadlineMs?: number;
  pingIntervalMs?: number;
  onAvailable?(): void;
  /** All objects are gone with the connection: a new one starts a new session, and sweeps what the old one left. */
  onLost?(): void;
}

const DEFAULT_DEADLINE_MS = 10_000;
const DEFAULT_PING_INTERVAL_MS = 5_000;

/** Waits between attempts, in ms: a remote media server is not hammered. */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;
/**
 * So many attempts keep to the first wait where the media server is on this machine: a refused one costs next to nothing
 * there, and calls wait for a media server that is being started again (about 1 s, on a loaded small machine 10).
 */
const QUICK_LOCAL_ATTEMPTS = 200;
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** How long an object may take to come to be after its asker gave up, so that it is released and not forgotten, in ms. */
const LATE_CREATE_MS = 120_000;

export class KurentoClient implements MediaServer {
  readonly #options: KurentoClientOptions;
  readonly #log: Logger;
  readonly #handlers = new Map<string, EventHandler[]>();
  readonly #deadlineMs: number;
  #connection: KurentoConnection | undefined;
  #running: Promise<void> | undefined;
  readonly #ending = new AbortController();
  #carriedOn: ReadonlySet<string> | undefined;
  #wake: () => void = () => undefined;

  constructor(options: KurentoClientOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#carriedOn = options.carriedOn;
    this.#deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  }

  get available(): boolean {
    return this.#connection !== undefined;
  }

  /** Starts to connect, and goes on until `close`. Resolves when the first attempt has succeeded or failed. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#running ??= this.#run(resolve);
    });
  }

  async create(type: string, params: JsonObject = {}): Promise<string> {
    const connection = this.#connected(`create ${type}`);
    const created = connection
      .request('create', { type, constructorParams: params }, LATE_CREATE_MS)
      .then(({ value }) => {
        if (typeof value === 'string') return value;
        throw MediaServerError.refused(`create ${type}`, 0, 'no object id in the answer');
      });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), this.#deadlineMs);
    });
    const first = await Promise.race([created, late]).finally(() => clearTimeout(timer));
    if (first !== 'late') return first;
    created
      .then((object) => connection.request('release', { object }))
      .catch((err: unknown) => this.#log.debug({ err, type }, 'a late object never came to be'));
    throw MediaServerError.unreachable(`create ${type}`, `no answer within ${this.#deadlineMs} ms`);
  }

  async invoke(
    object: string,
    operation: string,
    params: JsonObject = {},
    deadlineMs?: number,
  ): Promise<unknown> {
    const request = { object, operation, operationParams: params };
    const { value } = await this.#connected(operation).request('invoke', request, deadlineMs);
    return value;
  }

  async subscribe(object: string, event: string, handler: EventHandler): Promise<void> {
    const connection = this.#connected(`subscribe ${event}`);
    const key = keyOf(object, event);
    const former = this.#handlers.get(key);
    this.#handlers.set(key, [...(former ?? []), handler]);
    // A second subscription of one session is delivered once anyway (kurento.md, section 1).
    if (former) return;
    try {
      await connection.request('subscribe', { object, type: event });
    } catch (error) {
      // Others who came meanwhile relied on the same request.
      this.#handlers.delete(key);
      throw error;
    }
  }

  async release(object: string): Promise<void> {
    for (const key of this.#handlers.keys())
      if (key.startsWith(`${object} `) || key.startsWith(`${object}/`)) this.#handlers.delete(key);
    await this.#connected('release').request('release', { object });
  }

  /** Ends the connection and its attempts; idempotent. Tells nobody. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#wake();
    await this.#running;
  }

  #connected(what: string): KurentoConnection {
    if (!this.#connection) throw MediaServerError.unreachable(what, 'not connected to the media server');
    return this.#connection;
  }

  async #run(firstAttemptDone: () => void): Promise<void> {
    const quickAttempts = isOnThisMachine(this.#options.url) ? QUICK_LOCAL_ATTEMPTS : 0;
    let retryMs = FIRST_RETRY_MS;
    let failures = 0;
    while (!this.#ending.signal.aborted) {
      try {
        const connection = await this.#open();
        retryMs = FIRST_RETRY_MS;
        failures = 0;
        firstAttemptDone();
        await this.#use(connection);
      } catch (err) {
        // Once, not once per attempt: a media server may be away for days.
        this.#log[failures++ === 0 ? 'warn' : 'debug']({ err }, 'cannot reach the media server');
        firstAttemptDone();
      }
      if (!this.#ending.signal.aborted) await this.#pause(retryMs);
      if (failures >= quickAttempts) retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
    firstAttemptDone();
  }

  async #open(): Promise<KurentoConnection> {
    const carriedOn = this.#carriedOn;
    this.#carriedOn = undefined;
    const connection = await KurentoConnection.open({
      url: this.#options.url,
      token: this.#options.token,
      authority: this.#options.authority,
      log: this.#log,
      deadlineMs: this.#deadlineMs,
      pingIntervalMs: this.#options.pingIntervalMs ?? DEFAULT_PING_INTERVAL_MS,
      signal: this.#ending.signal,
      onEvent: (object, type, data) => this.#deliver(object, type, data),
    });
    try {
      await releaseOrphans(connection, this.#options.installation, this.#log, carriedOn);
      return connection;
    } catch (error) {
      connection.close('the media server could not be used');
      throw error;
    }
  }

  async #use(connection: KurentoConnection): Promise<void> {
    this.#connection = connection;
    this.#log.info({ url: this.#options.url }, 'media server connected');
    this.#options.onAvailable?.();
    const reason = await connection.closed;
    this.#connection = undefined;
    this.#handlers.clear();
    if (this.#ending.signal.aborted) return;
    this.#log.warn({ reason }, 'media server lost');
    this.#options.onLost?.();
  }

  #deliver(object: string, type: string, data: JsonObject): void {
    for (const handler of this.#handlers.get(keyOf(object, type)) ?? []) {
      try {
        handler(data);
      } catch (err) {
        this.#log.error({ err, object, type }, 'the handler of an event failed');
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function isOnThisMachine(url: string): boolean {
  return URL.canParse(url) && LOOPBACK_HOSTS.has(new URL(url).hostname);
}

function keyOf(object: string, event: string): string {
  return `${object} ${event}`;
}
