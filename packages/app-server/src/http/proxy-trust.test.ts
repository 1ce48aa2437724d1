import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ProxyTrust } from './proxy-trust.ts';

function request(
  remoteAddress: string,
  headers: Record<string, string>,
  encrypted = false,
): Pick<IncomingMessage, 'headers' | 'socket'> {
  const socket = { remoteAddress, ...(encrypted ? { encrypted } : {}) } as IncomingMessage['socket'];
  return { socket, headers };
}

const forwarded = { host: 'backend:8080', 'x-forwarded-host': 'meet.example', 'x-forwarded-proto': 'https' };

describe('a proxy', () => {
  const proxies = new ProxyTrust(['192.0.2.1', '10.1.0.0/16', '2001:db8::/32']);

  it.each(['192.0.2.1', '::ffff:192.0.2.1', '10.1.255.255', '2001:db8::9'])(
    'at %s, which is named, is believed',
    (address) => {
      expect(proxies.outside(request(address, forwarded))).toEqual({ host: 'meet.example', encrypted: true });
    },
  );

  it.each(['192.0.2.2', '::ffff:10.2.0.0', '2001:db9::', '127.0.0.1'])(
    'at %s, which is not named, is not',
    (address) => {
      const seen = { host: 'backend:8080', encrypted: undefined };
      expect(proxies.outside(request(address, forwarded))).toEqual(seen);
    },
  );

  it('is believed only for what it says itself, not for what its client claims to be forwarded', () => {
    const claims = { 'x-forwarded-host': 'evil.example, meet.example', 'x-forwarded-proto': 'https, http' };
    expect(proxies.outside(request('192.0.2.1', claims))).toEqual({ host: 'meet.example', encrypted: false });
  });

  it('that is not named shows by what it adds', () => {
    const added = { 'x-forwarded-for': '198.51.100.1' };
    expect(proxies.undeclared(request('192.0.2.2', added))).toBe(true);
    expect(proxies.undeclared(request('192.0.2.1', added))).toBe(false);
    expect(proxies.undeclared(request('192.0.2.2', {}))).toBe(false);
  });

  it('that says nothing leaves the request as it came', () => {
    const seen = { host: 'backend', encrypted: true };
    expect(proxies.outside(request('192.0.2.1', { host: 'backend' }, true))).toEqual(seen);
  });
});

it('without a proxy that is named, encryption is what the socket has', () => {
  const nobody = new ProxyTrust([]);
  expect(nobody.outside(request('127.0.0.1', forwarded, true)).encrypted).toBe(true);
  expect(nobody.outside(request('127.0.0.1', forwarded)).encrypted).toBeUndefined();
});

describe('the client of a request', () => {
  const proxies = new ProxyTrust(['192.0.2.1', '10.1.0.0/16']);

  it.each([
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['192.0.2.1', '198.51.100.1', '198.51.100.1'],
    ['192.0.2.1', '8.8.8.8, 198.51.100.1, 10.1.0.7', '198.51.100.1'],
    ['192.0.2.1', '8.8.8.8, nonsense', '192.0.2.1'],
    ['192.0.2.1', '2001:db8::7', '2001:db8::7'],
  ])('at %s that says "%s" is %s', (remote, forwardedFor, client) => {
    expect(proxies.client(request(remote, { 'x-forwarded-for': forwardedFor }))).toBe(client);
  });

  it('is who is connected when nobody is named', () => {
    expect(proxies.client(request('192.0.2.1', {}))).toBe('192.0.2.1');
  });
});
