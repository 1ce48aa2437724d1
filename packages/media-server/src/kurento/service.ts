// The Kurento Protocol as a whole, without sockets: puts its parts together and owns the period of the collection.
import type { Environment } from '../environment.ts';
import { KurentoConnection, type Wire } from './connection.ts';
import { Dispatcher } from './dispatcher.ts';
import { factory, type Factory } from './factory.ts';
import { FaultLog } from './fault-log.ts';
import { DEFAULT_LIMITS, SHARE, SUBSCRIPTIONS_PER_OBJECT, type Limits } from './limits.ts';
import { ObjectRegistry } from './registry.ts';
import { serverInfo } from './server-info.ts';
import { SessionStore } from './sessions.ts';
import { Subscriptions } from './subscriptions.ts';

/** What clients have made, to be told from outside. */
export interface Counts {
  /** The manager not counted. */
  readonly objects: number;
  readonly sessions: number;
  readonly subscriptions: number;
  readonly connections: number;
}

export interface ServiceOptions {
  readonly environment: Environment;
  /** For tests: other classes than the server's own. */
  readonly factory?: Factory;
  /** A session without a connection ends one to two of these periods after its last use, in ms. */
  readonly collectionPeriodMs?: number | undefined;
  /** Those that are left out are the defaults. */
  readonly limits?: Partial<Limits> | undefined;
  /** How long one request may take, in ms. */
  readonly deadlineMs?: number;
}

/** As the original's default. */
const COLLECTION_PERIOD_MS = 240_000;
/** Longer than the slowest operation, the closing of a recording (4 s), takes under load. */
const DEADLINE_MS = 30_000;

export class KurentoService {
  readonly faults: FaultLog;
  readonly registry: ObjectRegistry;
  readonly #sessions: SessionStore;
  readonly #subscriptions: Subscriptions;
  readonly #dispatcher: Dispatcher;
  readonly #connections = new Set<KurentoConnection>();
  readonly #collection: ReturnType<typeof setInterval>;

  constructor(options: ServiceOptions) {
    const { environment } = options;
    const classes = options.factory ?? factory;
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const subscriptions = new Subscriptions(limits.maxObjectsPerSession * SUBSCRIPTIONS_PER_OBJECT);
    const sessions = new SessionStore(limits.maxSessions, (session) => subscriptions.forgetSession(session));
    this.#sessions = sessions;
    this.#subscriptions = subscriptions;
    this.faults = new FaultLog(environment.log);
    this.registry = new ObjectRegistry({
      environment,
      info: serverInfo(classes),
      sessionIds: () => sessions.ids(),
      publish: (event) => subscriptions.publish(event),
      maxLabelCharacters: limits.maxLabelCharacters,
      released: (object) => {
        sessions.forget(object);
        subscriptions.forgetObject(object);
      },
    });
    this.#dispatcher = new Dispatcher({
      registry: this.registry,
      sessions,
      subscriptions,
      factory: classes,
      faults: this.faults,
      maxObjectsPerSession: limits.maxObjectsPerSession,
      maxObjects: limits.maxObjectsPerSession * SHARE,
      deadlineMs: options.deadlineMs ?? DEADLINE_MS,
    });
    this.#collection = setInterval(
      () => sessions.sweep(),
      options.collectionPeriodMs ?? COLLECTION_PERIOD_MS,
    );
    this.#collection.unref();
  }

  counts(): Counts {
    return {
      objects: this.registry.size,
      sessions: this.#sessions.size,
      subscriptions: this.#subscriptions.size,
      connections: this.#connections.size,
    };
  }

  connect(wire: Wire): KurentoConnection {
    const connection: KurentoConnection = new KurentoConnection(wire, this.#dispatcher, this.faults);
    this.#connections.add(connection);
    return connection;
  }

  disconnect(connection: KurentoConnection): void {
    this.#connections.delete(connection);
    connection.close();
  }

  /** Ends every connection and releases every object. Idempotent. */
  async close(): Promise<void> {
    clearInterval(this.#collection);
    for (const connection of [...this.#connections]) this.disconnect(connection);
    await this.registry.close();
  }
}
