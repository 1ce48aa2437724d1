import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseTurnUrl } from './turn-url.ts';
import { openEndpoint, type EndpointUnderTest } from './webrtc-testing.ts';

let bench: EndpointUnderTest;

beforeEach(async () => {
  bench = await openEndpoint();
});
afterEach(() => bench.close());

function code(expected: number): unknown {
  return expect.objectContaining({ code: expected });
}

describe('a turnUrl', () => {
  it.each([
    ['ann:secret@192.0.2.1:3478', 'ann', 'secret', '192.0.2.1', 'udp'],
    ['ann:secret@192.0.2.1:3478?transport=udp', 'ann', 'secret', '192.0.2.1', 'udp'],
    ['ann:secret@192.0.2.1:3478?transport=tcp', 'ann', 'secret', '192.0.2.1', 'tcp'],
    ['ann:secret@turn.example.org:3478?transport=tls', 'ann', 'secret', 'turn.example.org', 'tls'],
    ['1700000000:ann:c2Vj/cmV+dA==@192.0.2.1:3478', '1700000000:ann', 'c2Vj/cmV+dA==', '192.0.2.1', 'udp'],
    ['ann@example.org:p@ss@192.0.2.1:3478', 'ann@example.org', 'p@ss', '192.0.2.1', 'udp'],
    ['ann:secret@[2001:db8::1]:3478', 'ann', 'secret', '2001:db8::1', 'udp'],
  ])('is read: %s', (url, username, password, host, transport) => {
    expect(parseTurnUrl(url)).toEqual({ username, password, host, port: 3478, transport });
    bench.endpoint.turnUrl = url;
    expect(bench.endpoint.turnUrl).toBe(url);
  });

  it.each([
    'turn:192.0.2.1:3478',
    'ann@192.0.2.1:3478',
    'ann:secret@192.0.2.1',
    'ann:secret@192.0.2.1:0',
    'ann:secret@192.0.2.1:65536',
    'ann:secret@192.0.2.1:3478?transport=sctp',
    'ann:secret@turn/example.org:3478',
    'ann:secret@[turn.example.org]:3478',
    'ann:secret@[fe80::1%eth0]:3478',
    'ann:secret@169.254.169.254:80',
    'ann:secret@224.0.0.1:3478',
  ])('is refused without a word of the password: %s', (url) => {
    const set = () => (bench.endpoint.turnUrl = url);
    expect(set).toThrow(code(40107));
    expect(set).not.toThrow('secret');
    expect(bench.endpoint.turnUrl).toBe('');
  });

  it('is settled once the negotiation has begun', async () => {
    await bench.endpoint.generateOffer();
    expect(() => (bench.endpoint.turnUrl = 'ann:secret@192.0.2.1:3478')).toThrow(code(40111));
  });
});
