import { randomBytes } from 'node:crypto';
import { startTurnServer } from '@parley/turn-server';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { found } from '../testing/found.ts';
import { laxTurnServer } from '../testing/lax-turn-server.ts';
import { subjectOf } from '../testing/subject.ts';
import { judgeTurnSecret, judgeTurnUsers } from './turn-credentials.ts';

const external = (port: number, secret: string) =>
  subjectOf({ flags: ['--turn-url', `turn:127.0.0.1:${port}?transport=udp`, '--turn-secret', secret] });

describe('the TURN secret', () => {
  it.each([
    ['REPLACE-ME', 'turn-secret-known'],
    ['Secret', 'turn-secret-known'],
    ['k3J-9x!qLz0pWm', 'turn-secret-weak'],
    ['abababababababababababababababab', 'turn-secret-weak'],
    ['abcdefghijklmnopqrstuvwxyz0123456789', 'turn-secret-weak'],
    ['hunter2hunter2hunter2', 'turn-secret-weak'],
  ])('%s is found', async (secret, id) => {
    expect(await found(judgeTurnSecret(external(1, secret)))).toEqual([id]);
  });

  it('never stands in the evidence', () => {
    const secret = 'hunter2hunter2hunter2';
    expect(JSON.stringify(judgeTurnSecret(external(1, secret)))).not.toContain('hunter2');
  });

  it.each(['base64', 'hex'] as const)('of 32 random bytes, as %s, is in order', async (encoding) => {
    const secret = randomBytes(32).toString(encoding);
    expect(await found(judgeTurnSecret(external(1, secret)))).toEqual([]);
  });

  it.each(['Yl3VNw8eJ+qzT0cB', 'm/7RkA4uXhP2s9Gd'])(
    'of 16 random characters (%s) is in order',
    async (secret) => {
      expect(await found(judgeTurnSecret(external(1, secret)))).toEqual([]);
    },
  );

  it('of the embedded relay is in order, and there is none without a relay', async () => {
    expect(await found(judgeTurnSecret(subjectOf()))).toEqual([]);
    expect(await found(judgeTurnSecret(subjectOf({ flags: ['--turn-port', 'off'] })))).toBe('left-out');
  });
});

describe('a TURN server', () => {
  it('that takes a well-known user is found', async () => {
    const port = await laxTurnServer({ name: 'user', password: 'password' });
    expect(await judgeTurnUsers(external(port, 'x'))).toMatchObject({
      findings: [
        {
          id: 'turn-well-known-user',
          evidence: expect.stringContaining('user/password at turn:127.0.0.1') as string,
        },
      ],
    });
  });

  it('that asks nobody is found', async () => {
    expect(await found(judgeTurnUsers(external(await laxTurnServer(undefined), 'x')))).toEqual(['turn-open']);
  });

  it('that tells its version is found', async () => {
    const port = await laxTurnServer(
      { name: 'unknown', password: 'unknown' },
      { software: "Coturn-4.6.1 'Gorst'" },
    );
    expect(await found(judgeTurnUsers(external(port, 'x')))).toEqual(['version-leaked']);
  });

  it('that takes minted credentials only is in order', async () => {
    const server = await startTurnServer({
      udp: { host: '127.0.0.1', port: 0 },
      relayAddress: '127.0.0.1',
      permittedPeers: [{ address: '127.0.0.1', port: 9 }],
      secret: 'a secret',
      realm: 'parley',
      log: pino({ level: 'silent' }),
    });
    onTestFinished(() => server.close());
    expect(await found(judgeTurnUsers(external(server.udpPort ?? 0, 'a-secret')))).toEqual([]);
  }, 30_000);

  it('that falls silent among the well-known users is not said to take none of them', async () => {
    const user = { name: 'unknown', password: 'unknown' };
    const port = await laxTurnServer(user, { answers: 3 });
    expect(await judgeTurnUsers(external(port, 'x'))).toMatchObject({
      outcome: 'failed',
      why: expect.stringMatching(/^not tried: turn:\S+ \(no answer in time\)$/) as string,
    });
  });

  it('that does not answer cannot be judged', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    let outcome: unknown;
    void found(judgeTurnUsers(external(9, 'x'))).then((judged) => (outcome = judged));
    while (outcome === undefined) await vi.advanceTimersByTimeAsync(100);
    expect(outcome).toBe('failed');
  });

  it('of its own has nothing to look at while Parley does not run', async () => {
    expect(await found(judgeTurnUsers(subjectOf()))).toBe('left-out');
  });
});
