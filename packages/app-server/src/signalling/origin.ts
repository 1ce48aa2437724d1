// Which pages may open a signalling socket: this server's own, and those that the operator names.
import type { IncomingMessage } from 'node:http';

/**
 * RFC 6455, section 10.2. Browsers always say where a page is from; without an origin it is no browser, which could
 * claim any.
 * @param publicOrigins such as `https://meet.example.org`
 */
export function originAllowed(request: IncomingMessage, publicOrigins: readonly string[]): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  return (
    page.host === host?.toLowerCase() ||
    publicOrigins.some((allowed) => URL.canParse(allowed) && new URL(allowed).origin === page.origin)
  );
}
