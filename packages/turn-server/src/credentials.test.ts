import { mintTurnCredentials, turnPassword } from '@parley/protocol/turn-credentials';
import { describe, expect, it } from 'vitest';
import { MIN_REMAINING_MS, readTurnUsername } from './credentials.ts';

const secret = 'north';
const NOW = 1_700_000_000_400;

describe('ephemeral credentials', () => {
  it('are accepted as minted, until a second before their end', () => {
    const { username, credential, expiresAt } = mintTurnCredentials({
      secret,
      participant: 'p_1:screen',
      lifetimeSeconds: 3600,
      now: NOW,
    });
    expect(username).toBe('1700003600:p_1:screen');
    expect(expiresAt).toBe(1_700_003_600_000);
    const user = readTurnUsername({ secret, username, now: NOW });
    expect(user).toEqual({ participant: 'p_1:screen', password: credential, remainingMs: 3_599_600 });
    expect(readTurnUsername({ secret, username, now: expiresAt - 1000 })?.remainingMs).toBe(1000);
    const late = readTurnUsername({ secret, username, now: expiresAt - 999 });
    expect(late?.remainingMs).toBeLessThan(MIN_REMAINING_MS);
    expect(readTurnUsername({ secret, username: 'p_1', now: NOW })).toBeUndefined();
  });

  it('have the password that other TURN servers make of the same secret', () => {
    // printf 1700003600:ann | openssl dgst -sha1 -hmac north -binary | base64
    expect(turnPassword('north', '1700003600:ann')).toBe('TwqKCcbzejRFa1sgGqGS7SEzCGg=');
  });

  it.each([
    ['no secret', { secret: '' }],
    ['no participant', { participant: '' }],
    ['no lifetime', { lifetimeSeconds: 0 }],
    ['an unknown lifetime', { lifetimeSeconds: Number.NaN }],
  ])('are not minted with %s', (_what, wrong) => {
    const right = { secret, participant: 'ann', lifetimeSeconds: 60, now: NOW };
    expect(() => mintTurnCredentials({ ...right, ...wrong })).toThrow(RangeError);
  });
});
