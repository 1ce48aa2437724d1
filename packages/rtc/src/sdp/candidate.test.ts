import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom } from '../testing/seeded-random.ts';
import { hostCandidate, parseCandidate, reflexiveCandidate, writeCandidate } from './candidate.ts';

const CHROMIUM =
  'candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 192.168.1.5 rport 46155 generation 0 ufrag Ahqb network-cost 999';

describe('a candidate line', () => {
  it('is read with its related address, skipping extensions that we do not know', () => {
    expect(parseCandidate(CHROMIUM)).toEqual({
      foundation: '842163049',
      component: 1,
      transport: 'udp',
      priority: 1677729535,
      address: '203.0.113.7',
      port: 46154,
      type: 'srflx',
      relatedAddress: '192.168.1.5',
      relatedPort: 46155,
    });
  });

  it('is the same with a= before it, without candidate:, and in capitals', () => {
    const expected = parseCandidate(CHROMIUM);
    expect(parseCandidate(`a=${CHROMIUM}`)).toEqual(expected);
    expect(parseCandidate(CHROMIUM.replace('candidate:', '').replace('udp', 'UDP'))).toEqual(expected);
  });

  it('may have a name, an IPv6 address or a TCP type', () => {
    const line = (address: string) => `candidate:1 1 tcp 1518280447 ${address} 9 typ host tcptype active`;
    expect(parseCandidate(line('4f3e0f6b-fe7b.local'))).toMatchObject({
      address: '4f3e0f6b-fe7b.local',
      port: 9,
    });
    expect(parseCandidate(line('2001:db8::1'))).toMatchObject({ address: '2001:db8::1', tcpType: 'active' });
  });

  it.each([
    '',
    'candidate:',
    'hello',
    'candidate:1 1 udp 1 192.0.2.1 1',
    'candidate:1 1 udp 1 192.0.2.1 1 typ nonsense',
    'candidate:1 1 sctp 1 192.0.2.1 1 typ host',
    'candidate:1 0 udp 1 192.0.2.1 1 typ host',
    'candidate:1 1 udp 2147483648 192.0.2.1 1 typ host',
    'candidate:1 1 udp 1 192.0.2.1 65536 typ host',
    'candidate:1 1 udp 1 192.0.2.1 -1 typ host',
    'candidate:1 1 udp 1 fe80::1%eth0 1 typ host',
    'candidate:1 1 udp 1 192.0.2.1\r\n 1 typ host tcptype evil',
    `candidate:1 1 udp 1 ${'a'.repeat(300)} 1 typ host`,
    `${CHROMIUM} ${'x'.repeat(512)}`,
  ])('is undefined when unusable: %s', (text) => {
    expect(parseCandidate(text)).toBeUndefined();
  });

  it('survives being written and read back', () => {
    for (const candidate of [
      hostCandidate('192.0.2.1', 40000),
      hostCandidate('2001:db8::1', 40000, { transport: 'tcp', component: 2, localPreference: 7 }),
      parseCandidate(CHROMIUM)!,
    ]) {
      expect(parseCandidate(writeCandidate(candidate))).toEqual(candidate);
    }
  });

  it('is not written with a field that could end the line', () => {
    const candidate = hostCandidate('192.0.2.1', 40000);
    expect(() => writeCandidate({ ...candidate, address: '192.0.2.1\r\na=evil' })).toThrow(TypeError);
    expect(() => writeCandidate({ ...candidate, foundation: '1 2' })).toThrow(TypeError);
    expect(() => hostCandidate('not an address', 1)).toThrow(TypeError);
  });

  it('never makes the parser throw, whatever 5,000 random texts hold', () => {
    const random = seededRandom(7);
    for (let i = 0; i < 5000; i++) {
      const text = randomBytes(random, Math.floor(random() * 80)).toString('latin1');
      expect(parseCandidate(`candidate:${text}`)).toBeUndefined();
    }
  });
});

describe('a host candidate', () => {
  it('has the priority of RFC 8445: type 126, local preference, component', () => {
    expect(hostCandidate('192.0.2.1', 1).priority).toBe(2130706431);
    expect(hostCandidate('192.0.2.1', 1, { localPreference: 0, component: 2 }).priority).toBe(
      126 * 2 ** 24 + 254,
    );
  });

  it('is passive over TCP, and below every UDP one', () => {
    const tcp = hostCandidate('192.0.2.1', 1, { transport: 'tcp' });
    expect(tcp.tcpType).toBe('passive');
    expect(tcp.priority).toBeLessThan(hostCandidate('192.0.2.1', 1, { localPreference: 0 }).priority);
  });

  it('shares its foundation with candidates of the same address and transport only', () => {
    const foundation = (...args: Parameters<typeof hostCandidate>) => hostCandidate(...args).foundation;
    expect(foundation('192.0.2.1', 1)).toBe(foundation('192.0.2.1', 2, { component: 2 }));
    expect(foundation('192.0.2.1', 1)).not.toBe(foundation('192.0.2.2', 1));
    expect(foundation('192.0.2.1', 1)).not.toBe(foundation('192.0.2.1', 1, { transport: 'tcp' }));
  });
});

describe('a server reflexive candidate', () => {
  const outside = { address: '198.51.100.7', port: 40_000 };

  it('is below every host candidate over UDP, and names the address behind the NAT', () => {
    const base = hostCandidate('192.0.2.1', 4000, { localPreference: 0 });
    const candidate = reflexiveCandidate(outside, base, '203.0.113.1');
    expect(candidate.priority).toBe(1694498815);
    expect(candidate.priority).toBeLessThan(base.priority);
    expect(candidate.foundation).not.toBe(base.foundation);
    expect(writeCandidate(candidate)).toMatch(
      / 198\.51\.100\.7 40000 typ srflx raddr 192\.0\.2\.1 rport 4000$/,
    );
    expect(parseCandidate(writeCandidate(candidate))).toEqual(candidate);
  });

  it.each([
    ['198.51.100.7', '0.0.0.0'],
    ['2001:db8::7', '::'],
  ])('for %s may keep that address to itself', (address, untold) => {
    const { relatedAddress, relatedPort } = reflexiveCandidate(
      { address, port: 1 },
      undefined,
      '203.0.113.1',
    );
    expect([relatedAddress, relatedPort]).toEqual([untold, 9]);
  });
});
