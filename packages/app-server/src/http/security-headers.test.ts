import { expect, it } from 'vitest';
import { securityHeaders } from './security-headers.ts';

const policyOf = (encrypted: boolean | undefined) =>
  securityHeaders({ host: 'meet.example', encrypted }, false)['content-security-policy'];

it('names WebSockets with the scheme that the browser uses, with both while it is not known', () => {
  expect(policyOf(true)).toContain("connect-src 'self' wss://meet.example;");
  expect(policyOf(false)).toContain("connect-src 'self' ws://meet.example;");
  expect(policyOf(undefined)).toContain("connect-src 'self' ws://meet.example wss://meet.example;");
});

it('does not repeat a host that is none', () => {
  const headers = securityHeaders({ host: 'a; script-src *', encrypted: true }, false);
  expect(headers['content-security-policy']).toContain("connect-src 'self';");
});

it('asks for HTTPS from now on only when it is told to', () => {
  const outside = { host: 'meet.example', encrypted: true };
  expect(securityHeaders(outside, true)['strict-transport-security']).toMatch(/^max-age=\d{8,}$/);
  expect(securityHeaders(outside, false)).not.toHaveProperty('strict-transport-security');
});
