// One browser's WebSocket: text → valid message → its handler, in one ordered queue; and notifications the other way.
// When it ends, however it ends, its tests are taken away; what becomes of the participant, the attendance decides.
import { JsonRpcPeer, requests, TAKEN_OVER_CODE, type EndReason, type RequestName } from '@parley/protocol';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { RateLimit } from '../http/rate-limit.ts';
import type { PathChecks } from '../media/path-checks.ts';
import type { TestStreamProcessor } from '../media/test-stream-processor.ts';
import { RareWarnings } from '../rare-warnings.ts';
import { Refusal, toWireError } from '../refusal.ts';
import type { Notify, Participant, Seat } from '../rooms/participant.ts';
import type { BrowserTracer } from '../trace/browser-tracer.ts';
import type { Browser } from './browser.ts';
import type { Handlers } from './handlers.ts';
import { RequestQueue } from './request-queue.ts';

export interface ConnectionOptions {
  id: string;
  socket: WebSocket;
  log: Logger;
  createTests(notify: Notify): TestStreamProcessor;
  createPathChecks(): PathChecks;
  createHandlers(browser: Browser): Handlers;
  createTracer(browser: Browser): BrowserTracer;
  /** The connection that the participant had is gone. */
  disconnected(participant: Participant, seat: Seat, reason: EndReason): Promise<void>;
}

/** A browser that does not answer one of these is gone: noticed after at most two, in ms. */
export const LIVENESS_INTERVAL_MS = 5_000;

/**
 * How many requests one browser may make: a room of 100 that comes back after a loss is about 1,100 at once, several times
 * when it fails, and hardly any after that. Beyond it each would be told to everyone in the room, and logged.
 */
const REQUESTS = { burst: 4_096, refillMs: 10 };

/** How long a browser may take to answer the closing handshake, in ms. */
const CLOSE_DEADLINE_MS = 1_000;

/** A browser that has not read this much is not reading any more, in bytes. */
const MAX_UNREAD_BYTES = 8_388_608;

/** How long a connection may be there without a participant and without a test, in looks after its liveness: 10 minutes. */
const MAX_IDLE_LOOKS = 600_000 / LIVENESS_INTERVAL_MS;

/** RFC 6455, section 7.4.1: closed on purpose (1005: without saying why); everything else is a loss. */
const LEAVING_CODES: ReadonlySet<number> = new Set([1000, 1001, 1005]);

export class Connection implements Browser {
  readonly id: string;
  readonly tests: TestStreamProcessor;
  readonly pathChecks: PathChecks;
  participant: Participant | undefined;
  /** Fulfilled when what this browser leaves behind is taken away, but for a participant who is waited for. */
  readonly ended: Promise<void>;
  readonly #socket: WebSocket;
  readonly #log: Logger;
  readonly #peer: JsonRpcPeer;
  readonly #queue = new RequestQueue();
  readonly #rate = new RateLimit(REQUESTS);
  readonly #handlers: Handlers;
  readonly #tracer: BrowserTracer;
  readonly #liveness: NodeJS.Timeout;
  #closeTimer: NodeJS.Timeout | undefined;
  #alive = true;
  #connected = true;
  readonly #rare: RareWarnings;
  /** How often in a row it was found with nothing to do. */
  #idle = 0;
  #joins = 0;
  /** Of the message that is being handled: the peer hands its request on before it returns. */
  #textLength = 0;
  /** Set from a join until its answer is on its way: what happens in the room is told after that. */
  #held: (() => void)[] | undefined;

  constructor(options: ConnectionOptions) {
    const { socket } = options;
    this.id = options.id;
    this.#socket = socket;
    this.#log = options.log.child({ browser: options.id });
    this.#rare = new RareWarnings(this.#log);
    this.#peer = new JsonRpcPeer({
      send: (text) => this.#send(text),
      recognisesRepeats: true,
      admitsRepeat: () => this.#mayAsk(),
      onRequest: (method, params, attempt) => this.#onRequest(method, params, attempt),
      onRepeated: (method, params, attempt) => this.#tracer.repeated(method, params, attempt),
      onFault: (err) => this.#rare.warn({ err }, 'a browser sent what is no message'),
    });
    this.tests = options.createTests(this.notify);
    this.pathChecks = options.createPathChecks();
    this.#handlers = options.createHandlers(this);
    this.#tracer = options.createTracer(this);
    this.#liveness = setInterval(() => this.#checkLiveness(), LIVENESS_INTERVAL_MS);
    socket.on('pong', () => (this.#alive = true));
    socket.on('message', (data: Buffer) => this.#onText(data.toString('utf8')));
    socket.on('error', (err) => this.#log.debug({ err }, 'browser socket error'));
    this.ended = new Promise((resolve) => {
      socket.once('close', (code) => {
        const reason = LEAVING_CODES.has(code) ? 'left' : 'connection-lost';
        resolve(this.#end(reason, (participant) => options.disconnected(participant, this, reason)));
      });
    });
  }

  get connected(): boolean {
    return this.#connected;
  }

  readonly notify: Notify = (name, params) => {
    const tell = () => {
      this.#peer.notify(name, params);
      this.#tracer.notified(name, params);
    };
    if (this.#held) this.#held.push(tell);
    else tell();
  };

  /** Ends the connection from this side: the server goes down (RFC 6455, 7.4.1: 1001). */
  close(): void {
    this.#close(1001);
  }

  replaced(): void {
    this.participant = undefined;
    this.#queue.close();
    this.#close(TAKEN_OVER_CODE);
  }

  #close(code: number): void {
    this.#socket.close(code);
    // A browser that does not answer the close is not waited for.
    this.#closeTimer ??= setTimeout(() => this.#socket.terminate(), CLOSE_DEADLINE_MS);
  }

  #onText(text: string): void {
    this.#alive = true;
    this.#textLength = text.length;
    this.#peer.handleText(text);
  }

  /** Counted: a small repeat can have a large answer, and each stands in the trace. */
  #mayAsk(): boolean {
    return this.#rate.take(this.id, performance.now());
  }

  async #onRequest(method: string, params: unknown, attempt: number): Promise<unknown> {
    try {
      if (!this.#mayAsk()) throw Refusal.tooManyRequests('too many requests in a short time');
      if (!Object.hasOwn(requests, method)) throw Refusal.unknownMethod();
      const name = method as RequestName;
      const parsed = requests[name].params.safeParse(params ?? {});
      if (!parsed.success) throw Refusal.invalidMessage(firstIssue(parsed.error));
      // Validated by the schema of this very name, which the compiler cannot follow through a table.
      const handler = this.#handlers[name] as (params: unknown) => Promise<unknown>;
      return await this.#tracer.request(name, parsed.data, attempt, () =>
        this.#queue.run(this.#textLength, () => this.#handle(name, () => handler(parsed.data))),
      );
    } catch (error) {
      throw toWireError(error, this.#log.child({ request: method.slice(0, 64) }), this.#rare);
    }
  }

  async #handle(name: RequestName, handler: () => Promise<unknown>): Promise<unknown> {
    if (name !== 'join') return handler();
    // What the first of two joins holds back, the second must not forget.
    this.#held ??= [];
    this.#joins++;
    try {
      return await handler();
    } finally {
      // After the answer: it is sent within the promise jobs that follow this one.
      setImmediate(() => this.#release());
    }
  }

  #release(): void {
    if (--this.#joins > 0) return;
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const tell of held) tell();
  }

  #send(text: string): void {
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) {
      this.#log.warn('a browser does not read what it is sent');
      this.#socket.terminate();
    } else if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }

  #checkLiveness(): void {
    if (!this.#alive) {
      this.#log.info('a browser went silent');
      this.#socket.terminate();
      return;
    }
    this.#idle = this.participant || this.tests.running ? 0 : this.#idle + 1;
    if (this.#idle >= MAX_IDLE_LOOKS) return this.close();
    this.#alive = false;
    this.#socket.ping();
  }

  async #end(reason: EndReason, leave: (participant: Participant) => Promise<void>): Promise<void> {
    this.#connected = false;
    clearInterval(this.#liveness);
    clearTimeout(this.#closeTimer);
    this.#queue.close();
    this.#peer.close(reason);
    const { participant } = this;
    this.participant = undefined;
    const results = await Promise.allSettled([
      participant ? leave(participant) : undefined,
      this.tests.close(),
      this.pathChecks.close(),
    ]);
    for (const result of results)
      if (result.status === 'rejected')
        this.#log.error({ err: result.reason as unknown }, 'a browser was not taken away cleanly');
    this.#log.debug({ reason }, 'browser gone');
  }
}

function firstIssue(error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] }): string {
  const [issue] = error.issues;
  if (!issue) return 'invalid message';
  return issue.path.length === 0 ? issue.message : `${issue.path.map(String).join('.')}: ${issue.message}`;
}
