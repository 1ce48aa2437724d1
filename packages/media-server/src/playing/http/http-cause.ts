// What went wrong with an HTTP connection, in words for a sentence that begins with the address, and the address itself.

const CAUSES: Partial<Record<string, string>> = {
  ECONNREFUSED: 'refuses the connection',
  ECONNRESET: 'ended the connection',
  EPIPE: 'ended the connection',
  ENOTFOUND: 'has a name that is not known',
  EAI_AGAIN: 'has a name that cannot be looked up now',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
};

export function causeOf(error: NodeJS.ErrnoException): string {
  return CAUSES[error.code ?? ''] ?? `cannot be asked (${error.code ?? error.message})`;
}

/** Without the password that it may hold, for messages and logs. */
export function shownUrl(url: URL): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  return shown.href;
}
