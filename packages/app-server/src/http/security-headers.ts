// What every reply says about how the page may be used.
import type { OutsideView } from './proxy-trust.ts';

/** A host with an optional port; anything else in the Host header is not repeated. */
const HOST = /^[A-Za-z0-9.-]+(:\d+)?$|^\[[0-9A-Fa-f:]+\](:\d+)?$/;

/** Half a year, in s: long enough to protect, short enough to go back one day. */
const HSTS_MAX_AGE_S = 15_552_000;

/**
 * Content Security Policy Level 3, and its neighbours.
 * @param outside how the browser sees this server
 * @param hsts whether browsers are to come back over HTTPS only (RFC 6797)
 */
export function securityHeaders({ host, encrypted }: OutsideView, hsts: boolean): Record<string, string> {
  // Safari before 15.4 does not take 'self' for WebSockets, so the page's own host is named: with both schemes as long
  // as it is not known which one the browser uses.
  const schemes = encrypted === undefined ? ['ws', 'wss'] : [encrypted ? 'wss' : 'ws'];
  const known = host !== undefined && HOST.test(host);
  const sockets = known ? schemes.map((scheme) => ` ${scheme}://${host}`).join('') : '';
  const policy = [
    "default-src 'self'",
    `connect-src 'self'${sockets}`,
    "media-src 'self' blob:",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    ...(hsts ? { 'strict-transport-security': `max-age=${HSTS_MAX_AGE_S}` } : {}),
    'x-content-type-options': 'nosniff',
    // A room's address is the key to the room.
    'referrer-policy': 'no-referrer',
    'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self)',
  };
}
