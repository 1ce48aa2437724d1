// Long-term credentials (RFC 8489, section 9.2.4) whose users are ephemeral: nothing is stored, a request proves itself.
import { STUN_ATTRIBUTE, longTermKey, verifyIntegrity, type StunMessage } from '@parley/rtc';
import { verifyTurnUsername } from '../credentials.ts';
import type { FiveTuple } from './five-tuple.ts';
import { NonceMint } from './nonce-mint.ts';

export interface Identity {
  readonly participant: string;
  /** How long the credentials still hold, in ms; at least a second. */
  readonly remainingMs: number;
  /** For MESSAGE-INTEGRITY of the answer. */
  readonly key: Buffer;
}

/** The code to answer with when a request is not authenticated. */
export type ChallengeCode = 400 | 401 | 438;

export interface AuthenticatorOptions {
  readonly secret: string;
  readonly realm: string;
  readonly nonceKey: Buffer;
  /** The time in ms since 1970, at `now` of the monotonic clock; usernames carry such times. */
  readonly wallClock: (now: number) => number;
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #nonces: NonceMint;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#nonces = new NonceMint(options.nonceKey);
  }

  authenticate(request: StunMessage, client: FiveTuple, now: number): Identity | ChallengeCode {
    const { secret, realm, wallClock } = this.#options;
    if (request.attribute(STUN_ATTRIBUTE.MESSAGE_INTEGRITY) === undefined) return 401;
    const { username } = request;
    const claimedRealm = request.attribute(STUN_ATTRIBUTE.REALM)?.toString('utf8');
    const nonce = request.attribute(STUN_ATTRIBUTE.NONCE)?.toString('latin1');
    if (username === undefined || claimedRealm === undefined || nonce === undefined) return 400;
    // First, because it is cheap and proves that the client receives what is sent to its address.
    if (!this.#nonces.isValid(nonce, client, now)) return 438;
    if (claimedRealm !== realm) return 401;
    const user = verifyTurnUsername({ secret, username, now: wallClock(now) });
    if (user === undefined) return 401;
    const key = longTermKey(username, realm, user.password);
    if (!verifyIntegrity(request, key)) return 401;
    return { participant: user.participant, remainingMs: user.remainingMs, key };
  }

  nonceFor(client: FiveTuple, now: number): string {
    return this.#nonces.mint(client, now);
  }
}
