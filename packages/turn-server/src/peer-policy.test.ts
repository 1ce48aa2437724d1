import { describe, expect, it } from 'vitest';
import { canonicalAddress, PeerPolicy } from './peer-policy.ts';

describe('canonicalAddress', () => {
  it.each([
    ['192.0.2.10', '192.0.2.10'],
    ['::ffff:192.0.2.10', '192.0.2.10'],
    ['::FFFF:c000:20a', '192.0.2.10'],
    ['0:0:0:0:0:ffff:c000:020a', '192.0.2.10'],
    ['::ffff:0:192.0.2.10', '192.0.2.10'],
    ['::192.0.2.10', '192.0.2.10'],
    ['64:ff9b::192.0.2.10', '192.0.2.10'],
    ['2002:c000:20a::', '192.0.2.10'],
    ['2002:c000:20a:1::5', '192.0.2.10'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdf5', '192.0.2.10'],
    ['64:ff9b:1::192.0.2.10', '64:ff9b:1::c000:20a'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '::'],
    ['2001:DB8:0:0::10', '2001:db8::10'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:192.0.2.10%3', '192.0.2.10'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
  });

  it.each(['localhost', '', '127.1', '0177.0.0.1', '2130706433', '192.0.2.10:80', '[::1]'])(
    'refuses "%s"',
    (text) => {
      expect(() => canonicalAddress(text)).toThrow(TypeError);
    },
  );
});

describe('PeerPolicy', () => {
  const policy = new PeerPolicy([
    { address: '::ffff:192.0.2.10', port: 40_000 },
    { address: '2001:DB8::10', port: 40_000 },
  ]);

  it('permits the pairs it was given, in canonical spelling, and nothing beside them', () => {
    expect(policy.permits('192.0.2.10', 40_000)).toBe(true);
    expect(policy.permits('2001:db8::10', 40_000)).toBe(true);
    expect(policy.permitsAddress('192.0.2.10')).toBe(true);
    expect(policy.permits('192.0.2.10', 40_001)).toBe(false);
    expect(policy.permits('192.0.2.11', 40_000)).toBe(false);
    expect(policy.permitsAddress('127.0.0.1')).toBe(false);
    expect(new PeerPolicy([]).permitsAddress('192.0.2.10')).toBe(false);
  });

  it.each(['0.0.0.0', '0.1.2.3', '::', '255.255.255.255', '224.0.0.1', 'ff02::1', '::ffff:0.0.0.0'])(
    'cannot be told to permit %s',
    (address) => {
      expect(() => new PeerPolicy([{ address, port: 40_000 }])).toThrow(RangeError);
    },
  );

  it.each([0, -1, 65_536, 1.5, Number.NaN])('cannot be told to permit port %d', (port) => {
    expect(() => new PeerPolicy([{ address: '192.0.2.10', port }])).toThrow(RangeError);
  });

  it('keeps what it permits when an update is refused', () => {
    const kept = new PeerPolicy([{ address: '192.0.2.10', port: 1 }]);
    expect(() =>
      kept.update([
        { address: '192.0.2.20', port: 1 },
        { address: '::', port: 1 },
      ]),
    ).toThrow();
    expect([kept.permits('192.0.2.10', 1), kept.permits('192.0.2.20', 1)]).toEqual([true, false]);
  });
});
