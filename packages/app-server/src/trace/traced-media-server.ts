// A media server whose every call and every event is written into the trace of a session. Changes nothing of them.
import type { TraceLeg } from '@parley/protocol';
import { MediaServerError } from '../kurento/errors.ts';
import type { EventHandler, JsonObject, MediaServer } from '../kurento/media-server.ts';
import { factsOf, type Facts } from './facts.ts';
import type { SessionTracer } from './session-tracer.ts';

export class TracedMediaServer implements MediaServer {
  readonly #server: MediaServer;
  readonly #tracer: () => SessionTracer | undefined;
  readonly #leg: TraceLeg | null;

  /**
   * @param tracer asked at each call; undefined: no session yet
   * @param leg null: the session as a whole
   */
  constructor(server: MediaServer, tracer: () => SessionTracer | undefined, leg: TraceLeg | null = null) {
    this.#server = server;
    this.#tracer = tracer;
    this.#leg = leg;
  }

  /** The same, used for one leg. */
  forLeg(leg: TraceLeg): TracedMediaServer {
    return new TracedMediaServer(this.#server, this.#tracer, leg);
  }

  get available(): boolean {
    return this.#server.available;
  }

  create(type: string, params?: JsonObject): Promise<string> {
    return this.#traced('create', { type }, () => this.#server.create(type, params));
  }

  invoke(object: string, operation: string, params?: JsonObject, deadlineMs?: number): Promise<unknown> {
    const { sink } = params ?? {};
    const facts = {
      object: typeOf(object),
      ...(typeof sink === 'string' ? { sink: typeOf(sink) } : {}),
      ...factsOf(params ?? {}),
    };
    return this.#traced(operation, facts, () => this.#server.invoke(object, operation, params, deadlineMs));
  }

  subscribe(object: string, event: string, handler: EventHandler): Promise<void> {
    const facts = { event, object: typeOf(object) };
    return this.#traced('subscribe', facts, () =>
      this.#server.subscribe(object, event, (data) => {
        this.#tracer()?.note({
          from: 'media-server',
          to: 'app-server',
          kind: 'event',
          name: event,
          leg: this.#leg,
          // The type of an event is its name.
          facts: factsOf({ ...data, type: undefined }),
        });
        handler(data);
      }),
    );
  }

  release(object: string): Promise<void> {
    return this.#traced('release', { object: typeOf(object) }, () => this.#server.release(object));
  }

  async #traced<Result>(name: string, facts: Facts, call: () => Promise<Result>): Promise<Result> {
    const entry = this.#tracer()?.open({
      from: 'app-server',
      to: 'media-server',
      kind: 'request',
      name,
      leg: this.#leg,
      facts,
    });
    try {
      const result = await call();
      entry?.end('ok');
      return result;
    } catch (error) {
      // Its words may repeat what was asked: the code says which error it is.
      if (error instanceof MediaServerError && error.failure === 'refused')
        entry?.end('refused', { code: error.code });
      else entry?.end('lost');
      throw error;
    }
  }
}

/** Kurento's ids end in `<number>_kurento.<type>`. */
function typeOf(object: string): string {
  return object.slice(object.lastIndexOf('.') + 1).replace(/^.*_/, '');
}
