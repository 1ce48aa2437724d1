// The administrators who are logged in: random ids with an end, in memory only, and the cookie that carries them.
import { randomBytes } from 'node:crypto';

/** How long one login is good for, in ms. */
export const LOGIN_MS = 12 * 60 * 60 * 1_000;

/** Nobody has that many windows; the oldest login makes way. */
const MAX_LOGINS = 64;

const ID_BYTES = 32;

export class AdminLogins {
  /** When each ends, by id, in the order of their begin. */
  readonly #endsAt = new Map<string, number>();

  /** Gives the new login's id. @param now in ms, of any clock that does not jump */
  begin(now: number): string {
    for (const [id, endsAt] of this.#endsAt)
      if (endsAt <= now || this.#endsAt.size >= MAX_LOGINS) this.#endsAt.delete(id);
    const id = randomBytes(ID_BYTES).toString('base64url');
    this.#endsAt.set(id, now + LOGIN_MS);
    return id;
  }

  valid(id: string, now: number): boolean {
    const endsAt = this.#endsAt.get(id);
    return endsAt !== undefined && now < endsAt;
  }

  /** Idempotent. */
  end(id: string): void {
    this.#endsAt.delete(id);
  }
}

const COOKIE = 'parley_admin';

/** RFC 6265bis, section 4.1.3.2: with the prefix no other host of the domain, and nobody on the way, can set it. */
function cookieName(secure: boolean): string {
  return secure ? `__Host-${COOKIE}` : COOKIE;
}

/** `Set-Cookie` for a login; without an id: that there is none any more. @param secure the browser came by HTTPS */
export function loginCookie(id: string | undefined, secure: boolean): string {
  const age = id === undefined ? 0 : LOGIN_MS / 1_000;
  return [
    `${cookieName(secure)}=${id ?? ''}`,
    'Path=/',
    `Max-Age=${age}`,
    'HttpOnly',
    'SameSite=Strict',
    ...(secure ? ['Secure'] : []),
  ].join('; ');
}

/** The login's id out of a `Cookie` header; undefined: none. */
export function loginIn(header: string | undefined, secure: boolean): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === cookieName(secure) && value) return value;
  }
  return undefined;
}
