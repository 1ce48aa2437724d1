import { expect, test } from 'vitest';
import { AddressLimit } from './address-limit.ts';

test('counts all addresses of one IPv6 customer as one, and gives back to all of them', () => {
  const limit = new AddressLimit(2);
  const take = (...addresses: string[]) => addresses.map((address) => limit.take(address));
  expect(take('2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8:0:1::1')).toEqual([
    true,
    true,
    false,
    true,
  ]);
  limit.give('2001:db8::1');
  expect(take('2001:db8::4', '2001:db8::5')).toEqual([true, false]);
});
