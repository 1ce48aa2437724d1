// How much clients may have of this server. Each bound is refused with NOT_ENOUGH_RESOURCES (40009), before memory is short.

export interface Limits {
  /** Of one message, in bytes. A longer one is answered, and its connection closed. */
  readonly maxMessageBytes: number;
  /** Of one session. All sessions together have `SHARE` times as many. */
  readonly maxObjectsPerSession: number;
  /** Of all clients together, with and without a connection. */
  readonly maxSessions: number;
  readonly maxConnections: number;
  /** Names and tags of all objects together; one object's are bounded in labels.ts. */
  readonly maxLabelCharacters: number;
}

export const DEFAULT_LIMITS: Limits = {
  // Ten times the largest message of the original's clients, an SDP with all its candidates.
  maxMessageBytes: 1024 * 1024,
  // One application server is one session: 20 rooms of 30 people who all see each other.
  maxObjectsPerSession: 20_000,
  // Far more than applications have.
  maxSessions: 10_000,
  maxConnections: 1_000,
  // 1,600 for each of 40,000 objects; applications write names of rooms and people.
  maxLabelCharacters: 64 * 1024 * 1024,
};

/** One session cannot take what all have; new sessions for new objects do not get around the bound. */
export const SHARE = 2;

/** Of one session: objects times the events of a class. All sessions together have `SHARE` times as many. */
export const SUBSCRIPTIONS_PER_OBJECT = 10;
