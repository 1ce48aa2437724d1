// A Kurento client without a library: each request and each event as it is on the wire. For tests that want to see what
// kurento-client hides; KurentoObserver only looks, this one acts and listens.
import { JsonRpcPeer } from '@parley/protocol';
import { WebSocket } from 'ws';

/** Long enough for a machine that is busy with browsers; shorter than the deadline of a test, to say what came instead. */
const EVENT_DEADLINE_MS = 20_000;

export interface KurentoEvent {
  readonly object: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Waiting {
  readonly look: () => void;
  readonly fail: (error: Error) => void;
}

export class KurentoConnection {
  readonly socket: WebSocket;
  /** Every event so far, in the order of its arrival. */
  readonly events: KurentoEvent[] = [];
  readonly #peer: JsonRpcPeer;
  readonly #waiting = new Set<Waiting>();
  readonly #listeners: ((event: KurentoEvent) => void)[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.#peer = new JsonRpcPeer({
      send: (text) => socket.send(text),
      onNotification: (_method, params) => this.#take((params as { value: KurentoEvent }).value),
      deadlineMs: 40_000,
    });
    socket.on('message', (data: Buffer) => this.#peer.handleText(data.toString('utf8')));
    socket.on('close', () => {
      this.#peer.close('the connection was closed');
      for (const { fail } of [...this.#waiting])
        fail(new Error('the connection was closed while an event was awaited'));
    });
  }

  static async open(url: string): Promise<KurentoConnection> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve).once('error', reject);
    });
    return new KurentoConnection(socket);
  }

  /** The whole `result`. @throws JsonRpcError (`code`, `message`, `data`) when the media server refuses */
  async request(method: string, params: object = {}): Promise<Record<string, unknown>> {
    return (await this.#peer.request(method, params)) as Record<string, unknown>;
  }

  /** Makes an object and gives its id. */
  async create(type: string, constructorParams: object = {}): Promise<string> {
    return (await this.request('create', { type, constructorParams })).value as string;
  }

  /** The `value` of the answer. */
  async invoke<Value = unknown>(object: string, operation: string, operationParams?: object): Promise<Value> {
    return (await this.request('invoke', { object, operation, operationParams })).value as Value;
  }

  async release(object: string): Promise<void> {
    await this.request('release', { object });
  }

  /** Subscribes to each of the types. */
  async subscribe(object: string, ...types: string[]): Promise<void> {
    await Promise.all(types.map((type) => this.request('subscribe', { object, type })));
  }

  /** Those of an object, of one type or of all. */
  eventsOf(object: string, type?: string): KurentoEvent[] {
    return this.events.filter((event) => event.object === object && (type ?? event.type) === event.type);
  }

  /**
   * The first event, arrived or to come, that fits. Subscribe first.
   * @throws Error with the events that came instead when none comes
   */
  async event(
    object: string,
    type: string,
    fits: (data: KurentoEvent['data']) => boolean = () => true,
  ): Promise<KurentoEvent> {
    const find = () => this.eventsOf(object, type).find(({ data }) => fits(data));
    return new Promise((resolve, reject) => {
      const found = find();
      if (found) return resolve(found);
      const end = () => {
        clearTimeout(deadline);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        look: () => {
          const found = find();
          if (!found) return;
          end();
          resolve(found);
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      const deadline = setTimeout(() => waiting.fail(this.#missing(object, type)), EVENT_DEADLINE_MS);
      this.#waiting.add(waiting);
    });
  }

  /** Told of each event from now on. */
  onEvent(listener: (event: KurentoEvent) => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.#peer.close('closed by the test');
    this.socket.close();
  }

  #take(event: KurentoEvent): void {
    this.events.push(event);
    for (const { look } of [...this.#waiting]) look();
    for (const listener of this.#listeners) listener(event);
  }

  #missing(object: string, type: string): Error {
    const came = this.eventsOf(object).map(({ type, data }) => `\n${type} ${JSON.stringify(data)}`);
    return new Error(`no fitting ${type} of ${object}; what came:${came.join('')}`);
  }
}
