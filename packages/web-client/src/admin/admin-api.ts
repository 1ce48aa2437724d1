// The administration's HTTP API: signing in, the list of sessions, and one session's trace.
import { SessionsResponse, SessionTrace, type SessionId, type SessionSummary } from '@parley/protocol';

/** `signed-out`: sign in first. `wrong-token`: it was not the administrator's. */
export type AdminFailure = 'signed-out' | 'wrong-token' | 'gone' | 'too-often' | 'unreachable' | 'refused';

const SENTENCES: Readonly<Record<AdminFailure, string>> = {
  'signed-out': 'You are not signed in any more.',
  'wrong-token':
    'This is not the administrator’s token. Copy it once more, from its first to its last character.',
  gone: 'This session is not kept any more, or never was.',
  'too-often': 'That was too much in a short time. Wait a minute and try again.',
  unreachable: 'The server cannot be reached. Check your connection and try again.',
  refused: 'The server could not do this. Try again in a moment.',
};

/** Its message is a sentence for a person. */
export class AdminError extends Error {
  readonly reason: AdminFailure;

  constructor(reason: AdminFailure, cause?: unknown) {
    super(SENTENCES[reason], { cause });
    this.name = 'AdminError';
    this.reason = reason;
  }
}

/** The session of the browser is a cookie that scripts cannot read. @throws AdminError */
export async function signIn(token: string): Promise<void> {
  const response = await ask('/api/admin/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  if (response.status === 401 || response.status === 403 || response.status === 400)
    throw new AdminError('wrong-token');
  check(response);
}

/** @throws AdminError */
export async function signOut(): Promise<void> {
  check(await ask('/api/admin/logout', { method: 'POST' }));
}

/** Newest first. @throws AdminError; ZodError on a malformed answer */
export async function getSessions(signal: AbortSignal): Promise<SessionSummary[]> {
  const response = check(await ask('/api/admin/sessions', { signal }));
  return SessionsResponse.parse(await response.json()).sessions;
}

/** @throws AdminError; ZodError on a malformed answer */
export async function getSession(session: SessionId, signal: AbortSignal): Promise<SessionTrace> {
  const response = check(await ask(`/api/admin/sessions/${session}`, { signal }));
  return SessionTrace.parse(await response.json());
}

/** Where a message says that the session has changed (server-sent events). */
export function sessionEvents(session: SessionId): string {
  return `/api/admin/sessions/${session}/events`;
}

/** The trace as a file. */
export function sessionDownload(session: SessionId): string {
  return `/api/admin/sessions/${session}.json`;
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    throw new AdminError('unreachable', error);
  }
}

function check(response: Response): Response {
  if (response.ok) return response;
  const { status } = response;
  if (status === 401 || status === 403) throw new AdminError('signed-out');
  if (status === 404 || status === 410) throw new AdminError('gone');
  throw new AdminError(status === 429 ? 'too-often' : 'refused');
}
