// What every reply says about how the page may be used.

/** A host with an optional port; anything else in the Host header is not repeated. */
const HOST = /^[A-Za-z0-9.-]+(:\d+)?$|^\[[0-9A-Fa-f:]+\](:\d+)?$/;

/**
 * Content Security Policy Level 3, and its neighbours.
 * @param host the request's Host header
 */
export function securityHeaders(host: string | undefined): Record<string, string> {
  // Safari before 15.4 does not take 'self' for WebSockets, so the page's own host is named with both schemes.
  const sockets = host !== undefined && HOST.test(host) ? ` ws://${host} wss://${host}` : '';
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
    'x-content-type-options': 'nosniff',
    // A room's address is the key to the room.
    'referrer-policy': 'no-referrer',
    'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self)',
  };
}
