import { describe, expect, it } from 'vitest';
import { isAllowedAddress } from './allowed-address.ts';

describe('addresses of HTTP sources', () => {
  it.each([
    '169.254.169.254',
    '169.254.0.0',
    '169.254.255.255',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    'fe80::1',
    'fe80::1%eth0',
    'febf:ffff::1',
    '64:ff9b:1::a9fe:a9fe',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd00:42::42',
    'fd20:ce::254',
    '100.100.100.200',
    '168.63.129.16',
    'localhost',
    '',
    '0x7f.1',
  ])('never: %s', (address) => {
    for (const policy of ['any', 'public', 'none'] as const)
      expect(isAllowedAddress(address, policy)).toBe(false);
  });

  it.each([
    '127.0.0.1',
    '127.255.255.255',
    '0.0.0.0',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    'fc00::1',
    'fdff::1',
    'ff02::1',
  ])('with "any" only: %s', (address) => {
    expect(isAllowedAddress(address, 'any')).toBe(true);
    expect(isAllowedAddress(address, 'public')).toBe(false);
    expect(isAllowedAddress(address, 'none')).toBe(false);
  });

  it.each([
    '169.253.255.255',
    '169.255.0.0',
    '172.32.0.0',
    '9.255.255.255',
    '2a00:1450::1',
    '64:ff9b::808:808',
  ])('anywhere but with "none": %s', (address) => {
    expect(isAllowedAddress(address, 'any')).toBe(true);
    expect(isAllowedAddress(address, 'public')).toBe(true);
    expect(isAllowedAddress(address, 'none')).toBe(false);
  });
});
