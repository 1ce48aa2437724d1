// What the application server asks of a media server: the Kurento Protocol as four calls. Not how it is reached.
import type { JsonObject } from './kurento-connection.ts';

export type { JsonObject };

export type EventHandler = (data: JsonObject) => void;

/**
 * Every call rejects with `MediaServerError`, within its deadline. Objects are named by Kurento's ids
 * (kurento.md, section 1).
 */
export interface MediaServer {
  readonly available: boolean;
  /** Gives the new object's id. One that comes to be after the deadline is released again. */
  create(type: string, params?: JsonObject): Promise<string>;
  /** @param deadlineMs how long the answer may take, in ms; without it the client's own deadline */
  invoke(object: string, operation: string, params?: JsonObject, deadlineMs?: number): Promise<unknown>;
  /** The handler may be called before the promise resolves: events overtake answers (kurento-observed.md, 20). */
  subscribe(object: string, event: string, handler: EventHandler): Promise<void>;
  /** Releases the object with its children, and forgets their subscriptions even when the call fails. */
  release(object: string): Promise<void>;
}
