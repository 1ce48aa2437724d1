// Ephemeral TURN credentials: the convention that TURN servers, coturn among them, and applications share. For servers
// only (needs node:crypto), therefore not part of this package's index, which browsers load too.
import { createHmac } from 'node:crypto';

export interface TurnCredentials {
  /** `<expiry, seconds since 1970>:<participant>`. */
  readonly username: string;
  /** Base64 of HMAC-SHA1 over the username. */
  readonly credential: string;
  /** In ms since 1970. */
  readonly expiresAt: number;
}

export interface TurnCredentialsRequest {
  /** Shared with the TURN server. */
  readonly secret: string;
  /** Whom the server's quotas and its log name. Not empty. */
  readonly participant: string;
  readonly lifetimeSeconds: number;
  /** In ms since 1970. */
  readonly now: number;
}

export interface TurnUser {
  readonly participant: string;
  /** In ms since 1970. */
  readonly expiresAt: number;
}

/** Longer ones are no participant of ours. */
const MAX_USERNAME_LENGTH = 256;
const USERNAME = /^(\d{1,12}):(.+)$/s;

/**
 * Mints credentials for one participant.
 * @throws RangeError when secret or participant are empty or the lifetime is not positive.
 */
export function mintTurnCredentials(request: TurnCredentialsRequest): TurnCredentials {
  const { secret, participant, lifetimeSeconds, now } = request;
  if (secret === '') throw new RangeError('the TURN secret is empty');
  if (participant === '') throw new RangeError('TURN credentials need a participant');
  if (!(lifetimeSeconds > 0)) throw new RangeError(`a lifetime of ${lifetimeSeconds} s is none`);
  const expirySeconds = Math.floor(now / 1000 + lifetimeSeconds);
  const username = `${expirySeconds}:${participant}`;
  return { username, credential: turnPassword(secret, username), expiresAt: expirySeconds * 1000 };
}

/** The password that belongs to a username. */
export function turnPassword(secret: string, username: string): string {
  return createHmac('sha1', secret).update(username).digest('base64');
}

/** Reads a username; undefined when it has not the form of `TurnCredentials.username`. Proves nothing by itself. */
export function parseTurnUsername(username: string): TurnUser | undefined {
  if (username.length > MAX_USERNAME_LENGTH) return undefined;
  const match = USERNAME.exec(username);
  return match ? { participant: match[2], expiresAt: Number(match[1]) * 1000 } : undefined;
}
