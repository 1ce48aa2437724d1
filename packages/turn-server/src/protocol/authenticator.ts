// Long-term credentials (RFC 8489, section 9.2.4) whose users are ephemeral: nothing is stored, a request proves itself.
import { STUN_ATTRIBUTE, longTermKey, verifyIntegrity, type StunMessage } from '@parley/rtc';
import { MIN_REMAINING_MS, readTurnUsername } from '../credentials.ts';
import type { FiveTuple } from './five-tuple.ts';
import { NonceMint } from './nonce-mint.ts';

export interface Identity {
  readonly participant: string;
  /** How long the credentials still hold, in ms; at least a second. */
  readonly remainingMs: number;
  /** For MESSAGE-INTEGRITY of the answer. */
  readonly key: Buffer;
}

/** A request that is not authenticated. */
export interface Challenge {
  /** To answer with. */
  readonly code: 400 | 401 | 438;
  /** Why, when the client did show credentials; without it the client only asks for realm and nonce. */
  readonly fault?: 'expired credentials' | 'wrong credentials';
  /** Whose the expired credentials were: proved, since their password is right. */
  readonly participant?: string;
}

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

  authenticate(request: StunMessage, client: FiveTuple, now: number): Identity | Challenge {
    const { secret, realm, wallClock } = this.#options;
    if (request.attribute(STUN_ATTRIBUTE.MESSAGE_INTEGRITY) === undefined) return { code: 401 };
    const { username } = request;
    const claimedRealm = request.attribute(STUN_ATTRIBUTE.REALM)?.toString('utf8');
    const nonce = request.attribute(STUN_ATTRIBUTE.NONCE)?.toString('latin1');
    if (username === undefined || claimedRealm === undefined || nonce === undefined) return { code: 400 };
    // First, because it is cheap and proves that the client receives what is sent to its address.
    if (!this.#nonces.isValid(nonce, client, now)) return { code: 438 };
    const user = readTurnUsername({ secret, username, now: wallClock(now) });
    if (claimedRealm !== realm || user === undefined) return { code: 401, fault: 'wrong credentials' };
    const { participant, remainingMs } = user;
    const key = longTermKey(username, realm, user.password);
    if (!verifyIntegrity(request, key)) return { code: 401, fault: 'wrong credentials' };
    if (remainingMs < MIN_REMAINING_MS) return { code: 401, fault: 'expired credentials', participant };
    return { participant, remainingMs, key };
  }

  nonceFor(client: FiveTuple, now: number): string {
    return this.#nonces.mint(client, now);
  }
}
