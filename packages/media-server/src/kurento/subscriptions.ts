// Who wants to hear of which events: one delivery per session and event, however often the session subscribed.
import { randomUUID } from 'node:crypto';
import { KurentoError } from '@parley/protocol';
import type { MediaObject, ObjectEvent } from '../elements/media-object.ts';
import { writeEventData } from './marshal.ts';
import { SHARE } from './limits.ts';
import type { Session } from './sessions.ts';

/** Of one object: event type → session → ids of the session's subscriptions. */
type Subscribers = Map<string, Map<Session, Set<string>>>;

export class Subscriptions {
  readonly #byObject = new Map<MediaObject, Subscribers>();
  readonly #counts = new Map<Session, number>();
  readonly #maxPerSession: number;
  #total = 0;

  /** `maxPerSession` bounds what a client can make by subscribing again and again; all sessions have `SHARE` times as many. */
  constructor(maxPerSession: number) {
    this.#maxPerSession = maxPerSession;
  }

  /** How many there are. */
  get size(): number {
    return this.#total;
  }

  /**
   * Gives the subscription's id.
   * @throws KurentoError NOT_ENOUGH_RESOURCES
   */
  add(session: Session, object: MediaObject, type: string): string {
    const count = this.#counts.get(session) ?? 0;
    if (count >= this.#maxPerSession || this.#total >= this.#maxPerSession * SHARE)
      throw new KurentoError('NOT_ENOUGH_RESOURCES', 'There are too many subscriptions already');
    this.#counts.set(session, count + 1);
    this.#total++;
    const subscribers = getOrInsert(this.#byObject, object, (): Subscribers => new Map());
    const sessions = getOrInsert(subscribers, type, () => new Map<Session, Set<string>>());
    const id = randomUUID();
    getOrInsert(sessions, session, () => new Set<string>()).add(id);
    return id;
  }

  /** An unknown id is no error. */
  remove(object: MediaObject, id: string): void {
    for (const sessions of this.#byObject.get(object)?.values() ?? [])
      for (const [session, ids] of sessions) {
        if (!ids.delete(id)) continue;
        this.#uncount(session, 1);
        if (ids.size === 0) sessions.delete(session);
      }
  }

  publish(event: ObjectEvent): void {
    const sessions = this.#byObject.get(event.source)?.get(event.type);
    if (!sessions || sessions.size === 0) return;
    const data = writeEventData(event.type, event.data);
    const value = { object: event.source.id, type: event.type, data };
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'onEvent', params: { value } });
    for (const session of sessions.keys()) session.receiver?.send(text);
  }

  /** The object is gone. */
  forgetObject(object: MediaObject): void {
    for (const sessions of this.#byObject.get(object)?.values() ?? [])
      for (const [session, ids] of sessions) this.#uncount(session, ids.size);
    this.#byObject.delete(object);
  }

  /** The session is gone. */
  forgetSession(session: Session): void {
    const count = this.#counts.get(session);
    if (count === undefined) return;
    for (const subscribers of this.#byObject.values())
      for (const sessions of subscribers.values()) sessions.delete(session);
    this.#total -= count;
    this.#counts.delete(session);
  }

  #uncount(session: Session, number: number): void {
    const count = this.#counts.get(session);
    if (count === undefined) return;
    this.#total -= number;
    if (count > number) this.#counts.set(session, count - number);
    else this.#counts.delete(session);
  }
}

function getOrInsert<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
