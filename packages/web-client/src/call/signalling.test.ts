import { describe, expect, it } from 'vitest';
import { parseNotification, signallingUrl } from './signalling.ts';

describe('a notification', () => {
  it('is taken when its name is known and its contents are as agreed', () => {
    expect(parseNotification('mediaServer', { available: false })).toEqual({
      name: 'mediaServer',
      params: { available: false },
    });
  });

  it('is refused when it is malformed, unknown, or named like something every object has', () => {
    expect(parseNotification('mediaServer', { available: 'no' })).toBeUndefined();
    expect(parseNotification('somethingNew', {})).toBeUndefined();
    expect(parseNotification('constructor', {})).toBeUndefined();
  });
});

it('goes to the page’s own host, encrypted when the page is', () => {
  expect(signallingUrl({ protocol: 'https:', host: 'parley.example' })).toBe('wss://parley.example/ws');
  expect(signallingUrl({ protocol: 'http:', host: 'localhost:8080' })).toBe('ws://localhost:8080/ws');
});
