import { expect, it } from 'vitest';
import { factsOf, safeFacts } from './facts.ts';

it('tells what a candidate is and where it leads, without its user fragment', () => {
  const candidate =
    'candidate:842163049 1 UDP 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.2 rport 5000 ufrag S3cr';
  expect(factsOf({ candidate: { candidate, sdpMid: '0' } })).toEqual({
    candidateType: 'srflx',
    protocol: 'udp',
    address: '203.0.113.7:46154',
  });
  const v6 = 'candidate:1 1 tcp 1 2001:db8::1 9 typ host tcptype active';
  expect(factsOf({ candidate: { candidate: v6 } })).toMatchObject({ address: '[2001:db8::1]:9' });
  expect(factsOf({ candidate: { candidate: '' } })).toEqual({ candidateType: 'end' });
  expect(factsOf({ candidate: { candidate: 'nonsense' } })).toEqual({});
});

it('tells both ends of a pair', () => {
  const end = (address: string) => `candidate:1 1 udp 2130706431 ${address} 5000 typ host`;
  const candidatePair = { localCandidate: end('192.0.2.1'), remoteCandidate: end('192.0.2.2') };
  expect(factsOf({ candidatePair })).toEqual({
    local: 'host udp 192.0.2.1:5000',
    remote: 'host udp 192.0.2.2:5000',
  });
});

it('tells of a message what is known to be harmless and nothing else', () => {
  expect(
    factsOf({ state: 'ice-connected', audio: true, sdpOffer: 'v=0', whatever: 'x', cause: null }),
  ).toEqual({
    state: 'ice-connected',
    audio: true,
  });
});

it('drops what is named like a secret, whatever its case', () => {
  const named = [
    'sdp',
    'SdpAnswer',
    'password',
    'iceUfrag',
    'ice-pwd',
    'credential',
    'turnUsername',
    'token',
  ];
  const secrets = Object.fromEntries(named.map((name) => [name, 'hush']));
  expect(safeFacts({ ...secrets, clientSecret: 'hush', state: 'ok' })).toEqual({ state: 'ok' });
});

it.each([
  'v=0\r\no=- 1 1 IN IP4 0.0.0.0',
  'line a=ice-pwd:abc',
  'candidate:1 1 udp 1 192.0.2.1 1 typ host ufrag abcd',
  'sha-256 AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD',
  '-----BEGIN PRIVATE KEY-----',
])('drops what looks like a secret: %s', (value) => {
  expect(safeFacts({ note: value })).toEqual({});
});

it('cuts long texts, keeps sixteen facts, and takes texts, numbers and truths only', () => {
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`fact${index}`, index]));
  expect(Object.keys(safeFacts(many))).toHaveLength(16);
  expect(String(safeFacts({ long: 'x'.repeat(1_000) })['long'])).toHaveLength(256);
  expect(safeFacts({ nested: { a: 1 }, list: [1], nothing: null, odd: NaN })).toEqual({});
});
