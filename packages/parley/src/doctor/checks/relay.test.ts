import { startTurnServer } from '@parley/turn-server';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ISSUED_CERT, ISSUED_KEY } from '../../audit/testing/issued-certificate.fixture.ts';
import { patientOf } from '../testing.ts';
import { checkRelay } from './relay.ts';

const MEDIA = '192.0.2.20';

async function turnServer(peer: string): Promise<number> {
  const server = await startTurnServer({
    udp: { host: '127.0.0.1', port: 0 },
    relayAddress: '127.0.0.1',
    permittedPeers: [{ address: peer, port: 40_000 }],
    secret: 'the-secret',
    realm: 'parley',
    log: pino({ level: 'silent' }),
  });
  onTestFinished(() => server.close());
  return server.udpPort ?? 0;
}

const check = (port: number, secret = 'the-secret') =>
  checkRelay(
    patientOf({
      flags: [
        ...['--turn-url', `turn:127.0.0.1:${port}?transport=udp`, '--turn-secret', secret],
        ...['--announced-ips', MEDIA],
      ],
    }),
  );

describe('the relay', () => {
  it('that relays to the media server is in order', async () => {
    expect(await check(await turnServer(MEDIA))).toMatchObject([
      {
        level: 'ok',
        text: expect.stringMatching(/^gives an allocation .* relays to the media server$/) as string,
      },
    ]);
  });

  it('that relays to others only is a problem', async () => {
    expect(await check(await turnServer('192.0.2.21'))).toMatchObject([
      { level: 'problem', text: expect.stringContaining('to no address of the media server') as string },
    ]);
  });

  it('that has another secret, or another time, is a problem', async () => {
    expect(await check(await turnServer(MEDIA), 'another')).toMatchObject([
      { level: 'problem', fix: expect.stringMatching(/same TURN_SECRET.*clocks/) as string },
    ]);
  });

  it('that is not there is a problem', async () => {
    expect(await check(9)).toMatchObject([
      { level: 'problem', text: expect.stringContaining('no allocation') as string },
    ]);
  });

  it('whose certificate nobody vouches for is a problem, and not one of a firewall', async () => {
    const server = await startTurnServer({
      tls: { host: '127.0.0.1', port: 0, cert: ISSUED_CERT, key: ISSUED_KEY },
      relayAddress: '127.0.0.1',
      permittedPeers: [],
      secret: 'the-secret',
      realm: 'parley',
      log: pino({ level: 'silent' }),
    });
    onTestFinished(() => server.close());
    const flags = ['--turn-url', `turns:127.0.0.1:${server.tlsPort}`, '--turn-secret', 'the-secret'];
    expect(await checkRelay(patientOf({ flags }))).toMatchObject([
      { level: 'problem', fix: expect.stringContaining('certificate of an authority') as string },
    ]);
  });

  it('that is switched off is worth a warning, and none is needed on localhost', async () => {
    expect(await checkRelay(patientOf({ flags: ['--turn-port', 'off'] }))).toMatchObject([
      { level: 'warning' },
    ]);
    expect(await checkRelay(patientOf({ flags: ['--host', '127.0.0.1'] }))).toMatchObject([
      { level: 'skipped' },
    ]);
  });
});
