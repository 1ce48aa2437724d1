import { mintTurnCredentials } from '@parley/protocol/turn-credentials';
import { startTurnServer } from '@parley/turn-server';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { found } from '../testing/found.ts';
import { laxTurnServer } from '../testing/lax-turn-server.ts';
import { subjectOf } from '../testing/subject.ts';
import { judgeTurnReach, peersToTry } from './turn-reach.ts';

const SECRET = 'fSN6bH0x5kUe2dT9rQwYpLz7';
const MEDIA = { address: '192.0.2.20', port: 40_000 };

/** A real TURN server that relays to these; the media server is at `MEDIA`. */
async function relayingTo(...permittedPeers: (typeof MEDIA)[]) {
  const server = await startTurnServer({
    udp: { host: '127.0.0.1', port: 0 },
    relayAddress: '127.0.0.1',
    permittedPeers,
    secret: SECRET,
    realm: 'parley',
    log: pino({ level: 'silent' }),
  });
  onTestFinished(() => server.close());
  return external(server.udpPort ?? 0);
}

function external(port: number, now = new Date()) {
  const url = `turn:127.0.0.1:${port}?transport=udp`;
  return subjectOf({
    now,
    flags: ['--turn-url', url, '--turn-secret', SECRET, '--announced-ips', MEDIA.address],
  });
}

describe('a TURN server', () => {
  it.each(['127.0.0.1', '10.0.0.1', '192.168.1.1', '169.254.169.254'])(
    'that relays to %s is found',
    async (address) => {
      const subject = await relayingTo(MEDIA, { address, port: 80 });
      expect(await judgeTurnReach(subject)).toMatchObject({
        findings: [
          { id: 'turn-relays-elsewhere', evidence: expect.stringContaining(`${address}:80`) as string },
        ],
      });
    },
  );

  it('that relays to another port of the media server is found, as the lesser evil', async () => {
    const subject = await relayingTo(MEDIA, { ...MEDIA, port: 19 });
    expect(await found(judgeTurnReach(subject))).toEqual(['turn-reaches-other-ports']);
  });

  it('that relays to the media server alone is in order', async () => {
    expect(await found(judgeTurnReach(await relayingTo(MEDIA)))).toEqual([]);
  });

  it('that takes no credentials of this configuration cannot be judged', async () => {
    const port = await laxTurnServer({ name: 'somebody', password: 'else' });
    expect(await judgeTurnReach(external(port))).toMatchObject({
      outcome: 'failed',
      why: expect.stringContaining('gives no allocation: 401') as string,
    });
  });

  it('that falls silent behind the allocation has refused nobody, and cannot be judged', async () => {
    const now = new Date();
    const { username, credential } = mintTurnCredentials({
      secret: SECRET,
      participant: 'audit',
      lifetimeSeconds: 120,
      now: now.getTime(),
    });
    const port = await laxTurnServer({ name: username, password: credential }, { answers: 2 });
    expect(await judgeTurnReach(external(port, now), 2_000)).toMatchObject({
      outcome: 'failed',
      why: expect.stringContaining('did not answer for all peers: no answer in time') as string,
    });
  });
});

it('a media server on a private address is not taken for somebody else, in none of its spellings', () => {
  const { forbidden, otherPorts } = peersToTry([
    { address: '::ffff:10.0.0.1', port: 1 },
    { address: '127.0.0.1', port: 1 },
  ]);
  expect(otherPorts).toEqual(['10.0.0.1:19', '127.0.0.1:19']);
  expect(forbidden.filter((peer) => /10\.0\.0\.1|127\.0\.0\.1|7f00/.test(peer))).toEqual([]);
  expect(forbidden).toContain('[::ffff:169.254.169.254]:80');
});
