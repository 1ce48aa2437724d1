// The methods of the Kurento Protocol: each translates a request into calls of the registry, sessions, subscriptions and
// objects, and decides nothing. Text and sockets are the connection's.
import { randomUUID } from 'node:crypto';
import { KurentoError } from '@parley/protocol';
import type { MediaObject } from '../elements/media-object.ts';
import type { Factory } from './factory.ts';
import type { FaultLog } from './fault-log.ts';
import { checkEvent, describe, invoke, resolveConstruction } from './invocation.ts';
import {
  answerToNotification,
  failure,
  isRecord,
  optionalField,
  requiredField,
  success,
  type Params,
  type Request,
  type Response,
  type Result,
} from './messages.ts';
import type { ObjectRegistry } from './registry.ts';
import { RequestCache } from './request-cache.ts';
import type { EventReceiver, Session, SessionStore } from './sessions.ts';
import type { Subscriptions } from './subscriptions.ts';
import { readSteps, resolveReferences } from './transaction.ts';

/** A connection as the dispatcher knows it: it takes events and speaks for at most one session. */
export interface Caller extends EventReceiver {
  session: Session | undefined;
}

export interface DispatcherOptions {
  readonly registry: ObjectRegistry;
  readonly sessions: SessionStore;
  readonly subscriptions: Subscriptions;
  readonly factory: Factory;
  readonly faults: FaultLog;
  /** How many objects one session may refer to. */
  readonly maxObjectsPerSession: number;
  /** How many there are in all: whoever makes a session per object gets no further. */
  readonly maxObjects: number;
  /** How long one request may take, in ms. */
  readonly deadlineMs: number;
}

type Method = (params: Params, caller: Caller) => Result | Promise<Result>;
type SessionMethod = (params: Params, session: Session, caller: Caller) => Result | Promise<Result>;

/** Longer than any id that we or the original's clients make. */
const MAX_SESSION_ID_LENGTH = 256;

/** Answered anew each time: they depend on the connection, and repeating them does no harm. */
const NEVER_REMEMBERED = new Set(['ping', 'connect']);

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #serverId = randomUUID();
  readonly #find = (id: string): MediaObject => this.#options.registry.get(id);
  readonly #methods: ReadonlyMap<string, Method>;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const inSession = (method: SessionMethod): Method => {
      return async (params, caller) => method(params, this.#session(params, caller), caller);
    };
    this.#methods = new Map<string, Method>([
      ['ping', (params, caller) => this.#ping(params, caller)],
      ['connect', (params, caller) => this.#connect(params, caller)],
      ['keepAlive', (params, caller) => ({ sessionId: this.#knownSession(params, caller).id })],
      ['closeSession', (params, caller) => this.#closeSession(params, caller)],
      ['create', inSession((params, session) => this.#create(params, session))],
      ['describe', inSession((params, session) => this.#describe(params, session))],
      ['invoke', inSession((params, session) => this.#invoke(params, session))],
      ['subscribe', inSession((params, session) => this.#subscribe(params, session))],
      ['unsubscribe', inSession((params, session) => this.#unsubscribe(params, session))],
      ['release', inSession((params, session) => this.#release(params, session))],
      ['ref', inSession((params, session) => this.#ref(params, session))],
      ['unref', inSession((params, session) => this.#unref(params, session))],
      ['transaction', inSession((params, session, caller) => this.#transaction(params, session, caller))],
    ]);
  }

  /** Answers a request; never rejects. `now`: ms of the monotonic clock. */
  async handle(request: Request, caller: Caller, now: number): Promise<Response> {
    let response: Response;
    try {
      response = await this.#remembered(request, caller, now);
    } catch (error) {
      response = this.#failure(request, error);
    }
    return request.id === undefined ? answerToNotification(response) : response;
  }

  /** The connection is closed. Its session lives on for a while. */
  leave(caller: Caller): void {
    if (caller.session) this.#options.sessions.leave(caller.session, caller);
    caller.session = undefined;
  }

  async #remembered(request: Request, caller: Caller, now: number): Promise<Response> {
    const { id, method, params } = request;
    if (id === undefined || !isRecord(params) || NEVER_REMEMBERED.has(method))
      return this.#answer(request, caller);
    const key = RequestCache.key(id, method, params);
    const known = this.#namedSession(params, caller)?.answers.get(key, now);
    if (known) return known;
    const answer = this.#answer(request, caller);
    // Looked up again: the request may have made its session, which happens before it first waits for anything.
    this.#namedSession(params, caller)?.answers.set(key, answer, now);
    return answer;
  }

  async #answer(request: Request, caller: Caller): Promise<Response> {
    const { id, method, params } = request;
    try {
      const handler = this.#methods.get(method);
      if (!handler) throw new KurentoError('METHOD_NOT_FOUND', 'Method not found.');
      const given = this.#readParams(method, params, caller);
      return success(id, await this.#withinDeadline(method, async () => handler(given, caller)));
    } catch (error) {
      return this.#failure(request, error);
    }
  }

  #failure({ id, method }: Request, error: unknown): Response {
    if (error instanceof KurentoError) return failure(id, error);
    this.#options.faults.warn(
      performance.now(),
      { err: error, method },
      'a Kurento request failed unexpectedly',
    );
    return failure(id, new KurentoError('INTERNAL_ERROR', 'Internal error'));
  }

  #readParams(method: string, params: unknown, caller: Caller): Params {
    if (isRecord(params)) return params;
    if (params !== undefined && params !== null)
      throw new KurentoError('INVALID_PARAMS', `'params' must be an object`);
    if (!caller.session && method !== 'ping' && method !== 'connect')
      throw new KurentoError('INVALID_PARAMS', `'params' are required`);
    return {};
  }

  async #withinDeadline(method: string, run: () => Promise<Result>): Promise<Result> {
    const { deadlineMs } = this.#options;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<never>((_, reject) => {
      const late = () => reject(new Error(`'${method}' took longer than ${deadlineMs} ms`));
      timer = setTimeout(late, deadlineMs);
    });
    try {
      return await Promise.race([run(), deadline]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The session that the request names, or the connection's; undefined: it names none, or an unknown one. */
  #namedSession(params: Params, caller: Caller): Session | undefined {
    const id = sessionId(params) ?? caller.session?.id;
    return id === undefined ? undefined : this.#options.sessions.find(id);
  }

  /** The session of the request, made when there is none. The connection speaks for it from now on. */
  #session(params: Params, caller: Caller): Session {
    const session = this.#options.sessions.open(sessionId(params) ?? caller.session?.id);
    this.#use(session, caller);
    return session;
  }

  /** @throws KurentoError INVALID_SESSION */
  #knownSession(params: Params, caller: Caller): Session {
    const session = this.#namedSession(params, caller);
    if (!session) throw new KurentoError('INVALID_SESSION', 'The session is not known');
    this.#use(session, caller);
    return session;
  }

  /** The former connection of the session, if there is another one, speaks for nobody: its next request has a new session. */
  #use(session: Session, caller: Caller): void {
    if (caller.session && caller.session !== session) this.#options.sessions.leave(caller.session, caller);
    caller.session = session;
    this.#options.sessions.use(session, caller);
  }

  /** The object that the request names. The session refers to it from now on. */
  #object(params: Params, session: Session): MediaObject {
    const { registry, sessions } = this.#options;
    const object = registry.get(requiredField(params, 'object'));
    if (object !== registry.manager) sessions.hold(session, object);
    return object;
  }

  #ping(params: Params, caller: Caller): Result {
    const session = this.#namedSession(params, caller);
    if (!session) return { value: 'pong' };
    this.#use(session, caller);
    return { value: 'pong', sessionId: session.id };
  }

  #connect(params: Params, caller: Caller): Result {
    const named = sessionId(params) !== undefined;
    const session = named ? this.#knownSession(params, caller) : this.#session(params, caller);
    return { serverId: this.#serverId, sessionId: session.id };
  }

  /** The connection keeps the id, so its next request makes the session anew. */
  #closeSession(params: Params, caller: Caller): Result {
    const id = sessionId(params) ?? caller.session?.id;
    if (id === undefined) throw new KurentoError('PROTOCOL_FIELD_ERROR', `'sessionId' parameter is required`);
    const session = this.#options.sessions.find(id);
    if (session) this.#options.sessions.close(session, params.release === true);
    return null;
  }

  #create(params: Params, session: Session): Result {
    const { factory, maxObjects, maxObjectsPerSession, registry, sessions } = this.#options;
    const type = requiredField(params, 'type');
    const wanted = resolveConstruction(type, params.constructorParams, factory, this.#find);
    if (session.objects.size >= maxObjectsPerSession)
      throw new KurentoError('NOT_ENOUGH_RESOURCES', `A session has at most ${maxObjectsPerSession} objects`);
    if (registry.size >= maxObjects)
      throw new KurentoError('NOT_ENOUGH_RESOURCES', `There are ${maxObjects} objects already`);
    const object = registry.create(wanted.className, wanted.constructor, wanted.parent, wanted.params);
    sessions.hold(session, object);
    return { value: object.id, sessionId: session.id };
  }

  #describe(params: Params, session: Session): Result {
    return { ...describe(this.#object(params, session)), sessionId: session.id };
  }

  async #invoke(params: Params, session: Session): Promise<Result> {
    const object = this.#object(params, session);
    const value = await invoke(
      object,
      requiredField(params, 'operation'),
      params.operationParams,
      this.#find,
    );
    return { value, sessionId: session.id };
  }

  #subscribe(params: Params, session: Session): Result {
    const object = this.#object(params, session);
    const type = requiredField(params, 'type');
    checkEvent(object, type);
    return { value: this.#options.subscriptions.add(session, object, type), sessionId: session.id };
  }

  #unsubscribe(params: Params, session: Session): Result {
    // kurento-client unsubscribes from what it has just released, and takes an error for one of its own.
    const object = this.#options.registry.find(requiredField(params, 'object'));
    const subscription = requiredField(params, 'subscription');
    if (object) this.#options.subscriptions.remove(object, subscription);
    return { sessionId: session.id };
  }

  /** Answers before the object has finished, as the original: what it ends is out of reach at once. */
  #release(params: Params, session: Session): Result {
    const { registry } = this.#options;
    const object = registry.find(requiredField(params, 'object'));
    if (object && object !== registry.manager) void object.release();
    return { sessionId: session.id };
  }

  #ref(params: Params, session: Session): Result {
    this.#object(params, session);
    return { sessionId: session.id };
  }

  #unref(params: Params, session: Session): Result {
    const { registry, sessions } = this.#options;
    const object = registry.get(requiredField(params, 'object'));
    if (object !== registry.manager) sessions.drop(session, object);
    return { sessionId: session.id };
  }

  /**
   * Stops at the first step that fails. What was done stays done, and the whole is still a success. One that takes too long
   * stops, too: its client has its answer, and the next request may be at work already.
   */
  async #transaction(params: Params, session: Session, caller: Caller): Promise<Result> {
    const responses: Response[] = [];
    const answeredAt = performance.now() + this.#options.deadlineMs;
    for (const { id, method, params: given } of readSteps(params.operations)) {
      if (performance.now() >= answeredAt) throw new Error('a transaction took too long');
      const resolved = { ...resolveReferences(given, responses), sessionId: session.id };
      const response = await this.#answer({ id, method, params: resolved }, caller);
      responses.push(response);
      if (response.error) break;
    }
    return { value: responses, sessionId: session.id };
  }
}

/** @throws KurentoError PROTOCOL_FIELD_ERROR */
function sessionId(params: Params): string | undefined {
  const id = optionalField(params, 'sessionId');
  if (id !== undefined && id.length > MAX_SESSION_ID_LENGTH)
    throw new KurentoError('PROTOCOL_FIELD_ERROR', `'sessionId' parameter is too long`);
  return id === '' ? undefined : id;
}
