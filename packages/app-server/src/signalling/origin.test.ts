import { expect, it } from 'vitest';
import { originAllowed } from './origin.ts';

const host = 'meet.example';

it.each([
  ['https://meet.example', true, true],
  ['https://meet.example:443', true, true],
  ['http://meet.example', true, false],
  ['http://meet.example', false, true],
  ['https://meet.example', false, false],
  ['https://meet.example', undefined, true],
  ['http://meet.example', undefined, true],
  ['https://meet.example:8443', true, false],
  ['https://other.example', undefined, false],
  ['foo://meet.example', undefined, false],
  ['null', true, false],
])('a page of %s, the server reached with encryption %s: %s', (origin, encrypted, allowed) => {
  expect(originAllowed(origin, { host, encrypted }, [])).toBe(allowed);
});

it('counts the port of the scheme as none', () => {
  expect(originAllowed('https://meet.example', { host: 'meet.example:443', encrypted: true }, [])).toBe(true);
});

it('lets in the pages that the operator names, with their own scheme only', () => {
  const outside = { host: 'backend:8080', encrypted: true };
  expect(originAllowed('https://meet.example', outside, ['https://meet.example'])).toBe(true);
  expect(originAllowed('http://meet.example', outside, ['https://meet.example'])).toBe(false);
});
