import { expect, it } from 'vitest';
import { patientOf } from '../testing.ts';
import { checkAddresses } from './addresses.ts';

it.each([
  [['192.168.1.5'], '', 'ok', 'unless ANNOUNCED_IPS names'],
  [['203.0.113.5'], '', 'ok', "203.0.113.5, this machine's own"],
  [[], '', 'warning', 'no address but loopback'],
  [['192.168.1.5'], '192.168.1.5', 'ok', "this machine's own"],
  [['192.168.1.5'], '192.168.1.5,203.0.113.9', 'ok', 'taken for that of the router'],
  [['192.168.1.5'], '192.168.1.6', 'warning', 'private, and this machine does not have it'],
  [['203.0.113.5'], '203.0.113.9', 'warning', 'though its own 203.0.113.5 is public'],
  [['192.168.1.5'], '2001:db8::9', 'problem', 'no address of that family'],
  [['192.168.1.5'], '127.0.0.1', 'problem', 'leads every browser to its own machine'],
])('own %j, announced "%s": %s', (ownAddresses, announced, level, text) => {
  const flags = ['--announced-ips', announced];
  expect(checkAddresses(patientOf({ ownAddresses, flags }))).toMatchObject({
    level,
    text: expect.stringContaining(text) as string,
  });
});

it('private addresses are not enough for who comes from outside', () => {
  const settings = { ownAddresses: ['192.168.1.5'], url: 'https://meet.example', outside: true };
  expect(checkAddresses(patientOf(settings)).level).toBe('warning');
  expect(checkAddresses(patientOf({ ...settings, url: 'https://192.168.1.5' })).level).toBe('ok');
});
