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

/**
 * Short, since whoever gets hold of them can use the relay as long; browsers renew them before they end. A test, which
 * needs no room, takes a minute.
 */
export const CREDENTIALS_SECONDS = { call: 3600, test: 600 } as const;

export interface RenewedIceServers {
  readonly iceServers: IceServer[];
  readonly expiresInSeconds: number;
}

export class IceServers {
  readonly #turn: TurnOptions | undefined;

  constructor(turn: TurnOptions | undefined) {
    this.#turn = turn;
  }

  /** For a call. None without a TURN server: the media server is reached at the addresses that it announces. */
  for(recipient: string): IceServer[] {
    return this.#mint(recipient, CREDENTIALS_SECONDS.call);
  }

  /** @param recipient undefined for a test before joining */
  forTest(recipient: string | undefined): IceServer[] {
    return this.#mint(recipient ?? `test-${randomBytes(8).toString('hex')}`, CREDENTIALS_SECONDS.test);
  }

  renew(recipient: string): RenewedIceServers {
    return { iceServers: this.for(recipient), expiresInSeconds: CREDENTIALS_SECONDS.call };
  }

  renewForTest(recipient: string | undefined): RenewedIceServers {
    return { iceServers: this.forTest(recipient), expiresInSeconds: CREDENTIALS_SECONDS.test };
  }

  #mint(participant: string, lifetimeSeconds: number): IceServer[] {
    if (!this.#turn) return [];
    const { urls, secret } = this.#turn;
    const { username, credential } = mintTurnCredentials({
      secret,
      participant,
      lifetimeSeconds,
      now: Date.now(),
    });
    return [{ urls: [...urls], username, credential }];
  }
}
