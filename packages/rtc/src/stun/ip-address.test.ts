import { describe, expect, it } from 'vitest';
import { ipAddressFromBytes, ipAddressToBytes } from './ip-address.ts';

describe('IP addresses', () => {
  it.each([
    ['192.0.2.1', 'c0000201', '192.0.2.1'],
    ['255.255.255.255', 'ffffffff', '255.255.255.255'],
    ['::', '00000000000000000000000000000000', '::'],
    ['::1', '00000000000000000000000000000001', '::1'],
    ['2001:DB8::', '20010db8000000000000000000000000', '2001:db8::'],
    [
      '2001:db8:1234:5678:11:2233:4455:6677',
      '20010db8123456780011223344556677',
      '2001:db8:1234:5678:11:2233:4455:6677',
    ],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221', '64:ff9b::c000:221'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001', 'fe80::1'],
    ['::ffff:192.0.2.1', 'c0000201', '192.0.2.1'],
  ])('reads %s and writes it in canonical form', (text, hex, canonical) => {
    expect(ipAddressToBytes(text).toString('hex')).toBe(hex);
    expect(ipAddressFromBytes(Buffer.from(hex, 'hex'))).toBe(canonical);
  });

  it.each(['', 'localhost', '1.2.3', '1.2.3.4.5', '1::2::3', '[::1]', '1.2.3.4:5'])(
    'refuses "%s"',
    (text) => {
      expect(() => ipAddressToBytes(text)).toThrow(TypeError);
    },
  );
});
