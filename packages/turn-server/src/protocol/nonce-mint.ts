// Nonces that need no memory: the time of their end and an HMAC that binds it to the client's address and port.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { tupleKey, type FiveTuple } from './five-tuple.ts';

/** One round trip more for each client this often; allocations live as long by default. */
export const NONCE_LIFETIME_MS = 600_000;

/** 96 bits: short, because nonces are part of unauthenticated answers, and far beyond guessing within a nonce's life. */
const MAC_LENGTH = 12;

export class NonceMint {
  readonly #key: Buffer;

  /** `key`: random, of this process. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  mint(client: FiveTuple, now: number): string {
    const end = Math.ceil((now + NONCE_LIFETIME_MS) / 1000).toString(36);
    return `${end}.${this.#mac(end, client)}`;
  }

  /** Whether it was minted for this client and has not ended. */
  isValid(nonce: string, client: FiveTuple, now: number): boolean {
    const [end, mac = ''] = nonce.split('.', 2);
    // As text: more than one text decodes to the same bytes.
    const [claimed, right] = [Buffer.from(mac), Buffer.from(this.#mac(end, client))];
    if (claimed.length !== right.length || !timingSafeEqual(claimed, right)) return false;
    return Number.parseInt(end, 36) * 1000 > now;
  }

  #mac(end: string, client: FiveTuple): string {
    return createHmac('sha256', this.#key)
      .update(`${end} ${tupleKey(client)}`)
      .digest()
      .toString('base64url', 0, MAC_LENGTH);
  }
}
