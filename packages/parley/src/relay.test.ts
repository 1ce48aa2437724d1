// The embedded relay as the program starts it, with a certificate of the operator's. Uses this machine's own address.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '@parley/app-server';
import { mintTurnCredentials } from '@parley/protocol/turn-credentials';
import { probeTurn, type TurnProbeResult } from '@parley/turn-server';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRelay, type Relay } from './relay.ts';

const OWN = Object.values(networkInterfaces())
  .flatMap((entries) => entries ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
const DAY_MS = 86_400_000;

let folder: string;
let relay: Relay | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-relay-'));
});
afterEach(async () => {
  await relay?.close();
  relay = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function certificate(names: string[]): Promise<string> {
  const now = Date.now();
  const { cert, key } = await makeCertificate(names, {
    from: new Date(now - DAY_MS),
    to: new Date(now + DAY_MS),
  });
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
  return cert;
}

function start(
  addresses: readonly string[],
  tls?: { port: number; name: string | undefined },
): Promise<Relay> {
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  return startRelay(
    {
      turn: { kind: 'embedded', port: 0, ...(tls && { tls }) },
      tls: tls ? { kind: 'files', certFile, keyFile } : { kind: 'off' },
      host: '0.0.0.0',
      trustedProxies: [],
      dataDir: folder,
      announcedIps: [],
    },
    { rtcPort: 40_000, addresses },
    () => undefined,
    pino({ level: 'silent' }),
  );
}

function probe(url: string, peers: string[], ca: string[] = []): Promise<TurnProbeResult> {
  const minted = mintTurnCredentials({
    secret: relay?.turn?.secret ?? '',
    participant: 'ann',
    lifetimeSeconds: 60,
    now: Date.now(),
  });
  return probeTurn({ url, ...minted, peers, ca });
}

describe.runIf(OWN !== undefined)('the embedded relay', () => {
  const own = OWN!;

  it('tells browsers of TLS under an address that the certificate is for, and lets them in there', async () => {
    const ca = await certificate([own]);
    relay = await start([own], { port: 0, name: undefined });
    const urls = relay.turn?.urls ?? [];
    expect(urls.map((url) => url.replace(/:\d+\?/, ':PORT?'))).toEqual([
      `turn:${own}:PORT?transport=udp`,
      `turn:${own}:PORT?transport=tcp`,
      `turns:${own}:PORT?transport=tcp`,
    ]);
    const peers = [`${own}:40000`, `${own}:40001`, '127.0.0.1:40000'];
    const permitted = { [`${own}:40000`]: true, [`${own}:40001`]: false, '127.0.0.1:40000': false };
    for (const url of urls)
      expect(await probe(url, peers, [ca])).toMatchObject({ allocated: true, permitted });
  });

  it('is told by the first name of the certificate, or by the one that the operator gave', async () => {
    await certificate(['*.example.org', 'meet.example.org', 'other.example.org']);
    relay = await start([own], { port: 0, name: undefined });
    expect(relay.turn?.urls.at(-1)).toMatch(/^turns:meet\.example\.org:\d+\?transport=tcp$/);
    await relay.close();
    relay = await start([own], { port: 0, name: 'turn.example.org:443' });
    expect(relay.turn?.urls.at(-1)).toBe('turns:turn.example.org:443?transport=tcp');
  });

  it('says that nobody is told of it when the certificate names no host', async () => {
    await certificate(['*.example.org']);
    relay = await start([own], { port: 0, name: undefined });
    expect(relay.turn?.urls.filter((url) => url.startsWith('turns:'))).toEqual([]);
    expect(relay.summary).toContain('TURN_TLS_NAME');
  });

  it('stands in for the public address behind address translation', async () => {
    relay = await start(['203.0.113.5']);
    expect(relay.turn?.urls[0]).toMatch(/^turn:203\.0\.113\.5:/);
    expect(relay.summary).toMatch(/203\.0\.113\.5 being translated to \S+$/);
    const [url = ''] = relay.turn?.urls ?? [];
    const result = await probe(url.replace('203.0.113.5', own), ['203.0.113.5:40000', `${own}:40000`]);
    expect(result.relayedAddress).toMatch(/^203\.0\.113\.5:/);
    expect(result.permitted).toEqual({ '203.0.113.5:40000': true, [`${own}:40000`]: false });
  });

  it('says in one line that the certificate cannot be used', async () => {
    writeFileSync(join(folder, 'cert.pem'), 'none');
    writeFileSync(join(folder, 'key.pem'), 'none');
    await expect(start([own], { port: 0, name: undefined })).rejects.toMatchObject({
      name: 'StartError',
      message: expect.stringMatching(/cert\.pem for TLS: it is no certificate/) as string,
    });
  });
});

it('says why there is none', async () => {
  relay = await start(['127.0.0.1']);
  expect(relay.turn).toBeUndefined();
  expect(relay.summary).toMatch(/^none: this machine has no address/);
});
