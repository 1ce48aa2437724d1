// Kurento sessions: who a client is across connections, and which objects it keeps alive.
// An object lives as long as a session refers to it; a session lives as long as it has a connection, or is used.
import { randomUUID } from 'node:crypto';
import { KurentoError } from '@parley/protocol';
import type { MediaObject } from '../elements/media-object.ts';
import { roughLength, type Response } from './messages.ts';
import { RequestCache } from './request-cache.ts';

/** Where a session's events go: the connection that speaks for it. */
export interface EventReceiver {
  send(text: string): void;
  /** Another connection speaks for the session from now on. */
  replaced(): void;
}

export class Session {
  readonly id: string;
  readonly answers = new RequestCache<Response>(roughLength);
  /** The newest connection that spoke for the session. Without one, its events are lost. */
  receiver: EventReceiver | undefined;
  /** Not used since the last sweep. */
  idle = false;
  readonly objects = new Set<MediaObject>();

  constructor(id: string) {
    this.id = id;
  }
}

export class SessionStore {
  readonly #sessions = new Map<string, Session>();
  readonly #holders = new Map<MediaObject, Set<Session>>();
  readonly #maxSessions: number;
  readonly #closed: (session: Session) => void;

  /** `closed` is told of each session that ends. */
  constructor(maxSessions: number, closed: (session: Session) => void) {
    this.#maxSessions = maxSessions;
    this.#closed = closed;
  }

  get size(): number {
    return this.#sessions.size;
  }

  ids(): string[] {
    return [...this.#sessions.keys()];
  }

  find(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /**
   * The session of this id, made if there is none: a client may choose its id, as at the original.
   * @throws KurentoError NOT_ENOUGH_RESOURCES
   */
  open(id: string = randomUUID()): Session {
    const known = this.#sessions.get(id);
    if (known) return known;
    if (this.#sessions.size >= this.#maxSessions) this.#makeRoom();
    const session = new Session(id);
    this.#sessions.set(id, session);
    return session;
  }

  /** The session is spoken for by this connection from now on. */
  use(session: Session, receiver: EventReceiver): void {
    if (session.receiver && session.receiver !== receiver) session.receiver.replaced();
    session.receiver = receiver;
    session.idle = false;
  }

  /** The connection is closed, or speaks for another session. */
  leave(session: Session, receiver: EventReceiver): void {
    if (session.receiver === receiver) session.receiver = undefined;
  }

  /** The session refers to the object, and thereby to what the object lives in. */
  hold(session: Session, object: MediaObject): void {
    for (let each: MediaObject | undefined = object; each; each = each.parent) {
      session.objects.add(each);
      const holders = this.#holders.get(each);
      if (holders) holders.add(session);
      else this.#holders.set(each, new Set([session]));
    }
  }

  /** The session refers to the object no more; it is released when nobody else refers to it or to what is in it. */
  drop(session: Session, object: MediaObject): void {
    session.objects.delete(object);
    this.#holders.get(object)?.delete(session);
    if (!this.#isHeld(object)) void object.release();
  }

  /** The object is gone. */
  forget(object: MediaObject): void {
    for (const session of this.#holders.get(object) ?? []) session.objects.delete(object);
    this.#holders.delete(object);
  }

  /** Ends the session. Its objects are released when nobody else refers to them, or all of them with `releaseShared`. */
  close(session: Session, releaseShared: boolean): void {
    this.#sessions.delete(session.id);
    for (const object of session.objects) this.#holders.get(object)?.delete(session);
    for (const object of session.objects) if (releaseShared || !this.#isHeld(object)) void object.release();
    session.objects.clear();
    this.#closed(session);
  }

  /** To be called once per period: ends the sessions that had neither connection nor use for a whole period. */
  sweep(): void {
    for (const session of [...this.#sessions.values()]) {
      session.answers.forgetOld(performance.now());
      if (session.receiver) continue;
      if (session.idle) this.close(session, false);
      else session.idle = true;
    }
  }

  /**
   * Ends the oldest session that nobody speaks for and that has nothing: who names ever new ones shuts nobody out.
   * @throws KurentoError NOT_ENOUGH_RESOURCES
   */
  #makeRoom(): void {
    for (const session of this.#sessions.values())
      if (!session.receiver && session.objects.size === 0) return this.close(session, false);
    throw new KurentoError('NOT_ENOUGH_RESOURCES', `There are ${this.#maxSessions} sessions already`);
  }

  #isHeld(object: MediaObject): boolean {
    if ((this.#holders.get(object)?.size ?? 0) > 0) return true;
    return object.children.some((child) => this.#isHeld(child));
  }
}
