// Which pages may open a signalling socket: this server's own, and those that the operator names.
import type { OutsideView } from '../http/proxy-trust.ts';

/**
 * RFC 6455, section 10.2. Browsers always say where a page is from; without an origin it is no browser, which could
 * claim any.
 * @param outside how the browser sees this server
 * @param publicOrigins such as `https://meet.example.org`
 */
export function originAllowed(
  origin: string | undefined,
  outside: OutsideView,
  publicOrigins: readonly string[],
): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  return (
    isOwn(page, outside) ||
    publicOrigins.some((allowed) => URL.canParse(allowed) && new URL(allowed).origin === page.origin)
  );
}

function isOwn(page: URL, { host, encrypted }: OutsideView): boolean {
  // Behind a proxy that is not trusted the scheme is not known; the host is, since browsers let no page set it.
  const scheme = encrypted === undefined ? page.protocol : encrypted ? 'https:' : 'http:';
  const own = `${scheme}//${host ?? ''}`;
  // All schemes but the web's have the same origin, 'null' (URL Standard, section 4.7).
  return page.origin !== 'null' && URL.canParse(own) && new URL(own).origin === page.origin;
}
