// The server's side of ephemeral TURN credentials; the application server mints them with @parley/protocol.
import { parseTurnUsername, turnPassword } from '@parley/protocol/turn-credentials';

export interface VerifiedUser {
  readonly participant: string;
  /** What the client must have used for MESSAGE-INTEGRITY. */
  readonly password: string;
  /** Until the credentials end, in ms. */
  readonly remainingMs: number;
}

/** Lifetimes are counted in whole seconds; less than one is none. */
const MIN_REMAINING_MS = 1000;

/**
 * What a username stands for if it has not expired; `now` in ms since 1970. That the client knows the password is for
 * the caller to check. Undefined when the username is malformed or its time is over.
 */
export function verifyTurnUsername(request: {
  readonly secret: string;
  readonly username: string;
  readonly now: number;
}): VerifiedUser | undefined {
  const user = parseTurnUsername(request.username);
  if (user === undefined) return undefined;
  const remainingMs = user.expiresAt - request.now;
  if (remainingMs < MIN_REMAINING_MS) return undefined;
  return {
    participant: user.participant,
    password: turnPassword(request.secret, request.username),
    remainingMs,
  };
}
