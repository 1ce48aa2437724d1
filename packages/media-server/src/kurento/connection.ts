// One client's connection: messages in strict order, each answered before the next one is looked at.
// Knows the wire only as functions to send text and to hold back the reading.
import { KurentoError } from '@parley/protocol';
import type { Caller, Dispatcher } from './dispatcher.ts';
import type { FaultLog } from './fault-log.ts';
import { failure, readRequest, writeResponse, type Request } from './messages.ts';
import type { Session } from './sessions.ts';

export interface Wire {
  /** Address and port of the client, for the log. */
  readonly client: string;
  send(text: string): void;
  /** Stops reading from the client, so that it has to wait instead of us piling up its messages. */
  pause(): void;
  resume(): void;
}

/** A client that has this many requests waiting is not read from until few are left. */
const QUEUE_HIGH = 64;
const QUEUE_LOW = 16;
/** Nor one whose waiting requests are this long together, in characters; one of them may always wait. */
const QUEUE_HIGH_LENGTH = 2 * 1024 * 1024;

export class KurentoConnection implements Caller {
  session: Session | undefined;
  readonly #wire: Wire;
  readonly #dispatcher: Dispatcher;
  readonly #faults: FaultLog;
  readonly #queue: string[] = [];
  #queueLength = 0;
  #working = false;
  #paused = false;
  #closed = false;

  constructor(wire: Wire, dispatcher: Dispatcher, faults: FaultLog) {
    this.#wire = wire;
    this.#dispatcher = dispatcher;
    this.#faults = faults;
  }

  /** Takes one message of the client. */
  receive(text: string): void {
    if (this.#closed) return;
    this.#queue.push(text);
    this.#queueLength += text.length;
    const isLong = this.#queue.length >= QUEUE_HIGH || this.#queueLength >= QUEUE_HIGH_LENGTH;
    if (isLong && !this.#paused) {
      this.#paused = true;
      this.#wire.pause();
    }
    if (!this.#working) void this.#work();
  }

  send(text: string): void {
    if (!this.#closed) this.#wire.send(text);
  }

  /** As at the original it stays open, and its next request without a session's id has a new session. */
  replaced(): void {
    this.session = undefined;
  }

  /** The client is gone. What it asked for before that is still carried out. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#working) this.#dispatcher.leave(this);
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let text = this.#queue.shift(); text !== undefined; text = this.#queue.shift()) {
      this.#queueLength -= text.length;
      const answer = await this.#answer(text);
      this.send(answer);
      if (this.#paused && this.#queue.length <= QUEUE_LOW && this.#queueLength < QUEUE_HIGH_LENGTH) {
        this.#paused = false;
        this.#wire.resume();
      }
    }
    this.#working = false;
    if (this.#closed) this.#dispatcher.leave(this);
  }

  async #answer(text: string): Promise<string> {
    const now = performance.now();
    let request: Request;
    try {
      request = readRequest(text);
    } catch (error) {
      if (!(error instanceof KurentoError)) throw error;
      const { client } = this.#wire;
      this.#faults.warn(now, { client, code: error.code }, 'a message was no Kurento request');
      return writeResponse(failure(null, error));
    }
    return writeResponse(await this.#dispatcher.handle(request, this, now));
  }
}
