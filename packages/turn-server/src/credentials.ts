// The server's side of ephemeral TURN credentials; the application server mints them with @parley/protocol.
import { parseTurnUsername, turnPassword } from '@parley/protocol/turn-credentials';

export interface TurnUserClaim {
  readonly participant: string;
  /** What the client must have used for MESSAGE-INTEGRITY. */
  readonly password: string;
  /** Until the credentials end, in ms; below `MIN_REMAINING_MS` they are expired. */
  readonly remainingMs: number;
}

/** Lifetimes are counted in whole seconds; less than one is none. */
export const MIN_REMAINING_MS = 1000;

/**
 * What a username stands for, expired or not; `now` in ms since 1970. That the client knows the password is for the
 * caller to check. Undefined when the username is malformed.
 */
export function readTurnUsername(request: {
  readonly secret: string;
  readonly username: string;
  readonly now: number;
}): TurnUserClaim | undefined {
  const user = parseTurnUsername(request.username);
  if (user === undefined) return undefined;
  return {
    participant: user.participant,
    password: turnPassword(request.secret, request.username),
    remainingMs: user.expiresAt - request.now,
  };
}
