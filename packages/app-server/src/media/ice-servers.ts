// Which ICE servers a browser is told to use: minted here and nowhere else, for the one who will use them.
import { randomBytes } from 'node:crypto';
import type { IceServer } from '@parley/protocol';
import { mintTurnCredentials } from '@parley/protocol/turn-credentials';

/** A TURN server that shares a secret with this one. A third party's STUN server is never named: it would learn who meets. */
export interface TurnOptions {
  /** `turn:…` and `turns:…` addresses, the preferred one first. */
  readonly urls: readonly string[];
  readonly secret: string;
}

/** Longer than meetings are: an allocation ends with the credentials that it was made with. */
const LIFETIME_SECONDS = 12 * 60 * 60;

export class IceServers {
  readonly #turn: TurnOptions | undefined;

  constructor(turn: TurnOptions | undefined) {
    this.#turn = turn;
  }

  /**
   * None without a TURN server: the media server is reached at the addresses that it announces.
   * @param recipient the participant who will use them, or undefined for a test before joining
   */
  for(recipient: string | undefined): IceServer[] {
    if (!this.#turn) return [];
    const { username, credential } = mintTurnCredentials({
      secret: this.#turn.secret,
      participant: recipient ?? `test-${randomBytes(8).toString('hex')}`,
      lifetimeSeconds: LIFETIME_SECONDS,
      now: Date.now(),
    });
    return [{ urls: [...this.#turn.urls], username, credential }];
  }
}
