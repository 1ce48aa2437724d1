// The administrator of a running Parley: signed in with the token, asks for sessions and their traces.
import { SessionsResponse, SessionTrace, type SessionSummary } from '@parley/protocol';
import { expect } from 'vitest';

export class Admin {
  readonly #url: string;
  readonly #cookie: string;

  private constructor(url: string, cookie: string) {
    this.#url = url;
    this.#cookie = cookie;
  }

  static async signIn(url: string, token: string): Promise<Admin> {
    const response = await fetch(`${url}/api/admin/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    expect(response.ok).toBe(true);
    const [cookie = ''] = response.headers.getSetCookie();
    return new Admin(url, cookie.split(';')[0] ?? '');
  }

  async sessions(): Promise<SessionSummary[]> {
    return SessionsResponse.parse(await this.#get('/api/admin/sessions')).sessions;
  }

  async session(id: string): Promise<SessionTrace> {
    return SessionTrace.parse(await this.#get(`/api/admin/sessions/${id}`));
  }

  /** The trace of the newest session of this kind and this person, once it fulfils the condition. */
  async until(
    kind: SessionSummary['kind'],
    participantName: string | null,
    what: string,
    fulfilled: (trace: SessionTrace) => boolean,
  ): Promise<SessionTrace> {
    let trace: SessionTrace | undefined;
    await expect
      .poll(
        async () => {
          const found = (await this.sessions()).find(
            (session) => session.kind === kind && session.participantName === participantName,
          );
          trace = found && (await this.session(found.id));
          return trace !== undefined && fulfilled(trace);
        },
        { timeout: 30_000, interval: 200, message: what },
      )
      .toBe(true);
    if (!trace) throw new Error('not reached');
    return trace;
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, { headers: { cookie: this.#cookie } });
    expect(response.status).toBe(200);
    return response.json();
  }
}
