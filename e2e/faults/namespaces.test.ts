// Three hosts and a router between them, in network namespaces: the browsers have no way to the media server, then no UDP,
// then nothing but TLS, and the call comes up through the relay: the one of this repository, and Debian's coturn.
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '@parley/app-server';
import { RoomResponse, SessionsResponse, SessionTrace } from '@parley/protocol';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Child, tail } from '../src/child.ts';
import { findChromium } from '../src/chromium.ts';
import { Coturn, ensureCoturn } from '../src/coturn.ts';
import { expectAllToMeet } from '../src/expectations.ts';
import {
  addressIn,
  ensureNamespaces,
  ipv6AddressIn,
  Network,
  type Blocked,
} from '../src/network-namespaces.ts';
import { openAddress, PARLEY } from '../src/parley-server.ts';
import { Participant } from '../src/participant.ts';
import { keepConnections, selectedPairs } from '../src/selected-pairs.ts';

const HOUR_MS = 3_600_000;
/** Packages may have to be installed first. */
const SET_UP_TIMEOUT_MS = 180_000;
const RTC_PORT = 40_000;

const BROWSERS = { host: 'browsers', subnet: 1 };
const RELAYS = { host: 'relays', subnet: 2 };
const MEDIA = { host: 'server', subnet: 3 };
/** Of the same host as the media server: where browsers reach the page. */
const PAGE = { host: 'server', subnet: 4 };
/** Two relays, one host: which of them is used is the router's choice. */
const OURS = { address: addressIn(RELAYS.subnet, 2), ipv6: ipv6AddressIn(RELAYS.subnet, 2) };
const COTURN = { address: addressIn(RELAYS.subnet, 3) };

const folder = mkdtempSync(join(tmpdir(), 'parley-namespaces-'));
const secret = randomBytes(24).toString('hex');
const children: Child[] = [];
let network: Network | undefined;
let coturn: Coturn | undefined;
let server: string;
let ada: Participant;
let bob: Participant;

beforeAll(async () => {
  ensureNamespaces();
  ensureCoturn();
  network = Network.lay([BROWSERS, RELAYS, MEDIA, PAGE]);
  network.addAddress(RELAYS, 3);
  const files = await certificate([addressIn(PAGE.subnet), OURS.address, COTURN.address]);
  const relay = new Child(
    'e2e/src/turn-host.ts',
    [],
    {
      TURN_HOST_ADDRESSES: `${OURS.address},${OURS.ipv6}`,
      TURN_HOST_RELAY: OURS.address,
      TURN_HOST_PEER: addressIn(MEDIA.subnet),
      TURN_HOST_PEER_PORT: String(RTC_PORT),
      TURN_HOST_SECRET: secret,
      TURN_HOST_CERT: files.certFile,
      TURN_HOST_KEY: files.keyFile,
    },
    join(folder, 'relay.log'),
    network.on(RELAYS.host),
  );
  const parley = new Child(
    PARLEY,
    [],
    {
      HOST: addressIn(PAGE.subnet),
      PORT: '8443',
      TLS_CERT: files.certFile,
      TLS_KEY: files.keyFile,
      RTC_PORT: String(RTC_PORT),
      ANNOUNCED_IPS: addressIn(MEDIA.subnet),
      TURN_URL: [
        ...[OURS.address, COTURN.address, `[${OURS.ipv6}]`].map((host) => `turn:${host}:3478?transport=udp`),
        ...[OURS.address, COTURN.address].map((host) => `turn:${host}:3478?transport=tcp`),
        ...[OURS.address, COTURN.address].map((host) => `turns:${host}:5349?transport=tcp`),
      ].join(','),
      TURN_SECRET: secret,
      DATA_DIR: join(folder, 'data'),
    },
    join(folder, 'parley.log'),
    network.on(MEDIA.host),
  );
  children.push(relay, parley);
  const executable = network.wrap(BROWSERS.host, findChromium(), join(folder, 'chromium.sh'));
  // This one certificate is taken, and no other that nobody vouches for: for the page as for the relays.
  const flags = [`--ignore-certificate-errors-spki-list=${publicKeyHash(files.certFile)}`];
  [server, , coturn] = await Promise.all([
    openAddress(parley),
    relay.told(),
    Coturn.start(join(folder, 'coturn'), network.on(RELAYS.host), {
      address: COTURN.address,
      mediaServer: addressIn(MEDIA.subnet),
      secret,
      ...files,
    }),
  ]);
  const elsewhere = { executable, flags };
  [ada, bob] = await Promise.all([
    Participant.arrive({ name: 'Ada', server, elsewhere, colour: 'red', hz: 440 }),
    Participant.arrive({ name: 'Bob', server, elsewhere, colour: 'blue', hz: 880 }),
  ]);
  for (const { page } of [ada, bob]) await keepConnections(page);
}, SET_UP_TIMEOUT_MS);

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const child of children) console.error(tail(child.log, 60));
  if (coturn) console.error(tail(readFileSync(coturn.logFile, 'utf8'), 60));
});

afterAll(async () => {
  try {
    await Promise.all([ada, bob].map((participant) => participant?.goHome()));
    await coturn?.stop();
    for (const child of children.reverse()) await child.stop();
  } finally {
    network?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Always: the media server's address, so that no candidate of it, UDP or TCP, is ever reached. */
const NO_WAY_TO_MEDIA: Blocked = { to: addressIn(MEDIA.subnet) };
const NO_UDP: Blocked = { protocol: 'udp' };
const NO_PLAIN_TCP: Blocked = { protocol: 'tcp', port: 3478 };
const NO_TLS: Blocked = { protocol: 'tcp', port: 5349 };
/** A browser takes what connects first, and looks for nothing better then. */
const ONLY_UDP: readonly Blocked[] = [NO_PLAIN_TCP, NO_TLS];
const ONLY_TCP: readonly Blocked[] = [NO_UDP, NO_TLS];
const ONLY_TLS: readonly Blocked[] = [NO_UDP, NO_PLAIN_TCP];
const NOT_OURS: Blocked = { to: OURS.address };
const NOT_OURS_BY_IPV6: Blocked = { to: OURS.ipv6 };
const NOT_COTURN: Blocked = { to: COTURN.address };

const onlyOurs = [NO_WAY_TO_MEDIA, NOT_COTURN, NOT_OURS_BY_IPV6];
const onlyCoturn = [NO_WAY_TO_MEDIA, NOT_OURS, NOT_OURS_BY_IPV6];

it.each([
  ['our relay over UDP', OURS.address, 'udp', [...onlyOurs, ...ONLY_UDP]],
  ['our relay over TCP', OURS.address, 'tcp', [...onlyOurs, ...ONLY_TCP]],
  ['our relay over TLS', OURS.address, 'tls', [...onlyOurs, ...ONLY_TLS]],
  ['coturn over UDP', COTURN.address, 'udp', [...onlyCoturn, ...ONLY_UDP]],
  ['coturn over TCP', COTURN.address, 'tcp', [...onlyCoturn, ...ONLY_TCP]],
  ['coturn over TLS', COTURN.address, 'tls', [...onlyCoturn, ...ONLY_TLS]],
  ['our relay by IPv6', OURS.address, 'udp', [NO_WAY_TO_MEDIA, NOT_OURS, NOT_COTURN, ...ONLY_UDP]],
] as const)(
  'where there is no other way, a call goes through %s',
  async (_what, relay, protocol, blocked) => {
    network!.block(BROWSERS, blocked);
    await ada.open('/');
    const room = await newRoom();
    await Promise.all([ada.join(room), bob.join(room)]);
    await expectAllToMeet(ada, bob);
    const way = `relay ${protocol} ${relay}`;
    for (const { page } of [ada, bob])
      await expect.poll(() => selectedPairs(page), { timeout: 10_000 }).toEqual([way, way]);
    // Two streams, each with the leg of its sender and that of its viewer.
    await expect.poll(() => relayedLegs(room), { timeout: 15_000 }).toEqual([true, true, true, true]);
    await Promise.all([ada.press('Leave'), bob.press('Leave')]);
  },
);

/** Of each leg in the room, whether it goes through a relay, as the session inspector has it. */
async function relayedLegs(room: string): Promise<(boolean | null)[]> {
  const read = (path: string) =>
    ada.page.evaluate(
      async ([url, token]) =>
        (await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).json()) as unknown,
      [
        `${server}/api/admin/sessions${path}`,
        readFileSync(join(folder, 'data', 'admin-token'), 'utf8').trim(),
      ] as const,
    );
  const { sessions } = SessionsResponse.parse(await read(''));
  const here = sessions.filter((session) => `/r/${session.room}` === room);
  const traces = await Promise.all(here.map(async ({ id }) => SessionTrace.parse(await read(`/${id}`))));
  return traces.flatMap(({ legs }) => legs.map(({ relayed }) => relayed));
}

/** Made by the page: the test itself has no way to the server. */
async function newRoom(): Promise<string> {
  const made = await ada.page.evaluate(
    async (url) => (await (await fetch(url, { method: 'POST' })).json()) as unknown,
    `${server}/api/rooms`,
  );
  return `/r/${RoomResponse.parse(made).id}`;
}

async function certificate(names: string[]): Promise<{ certFile: string; keyFile: string }> {
  const now = Date.now();
  const { cert, key } = await makeCertificate(names, {
    from: new Date(now - HOUR_MS),
    to: new Date(now + HOUR_MS),
  });
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  writeFileSync(files.certFile, cert);
  // Readable for coturn, which gives root's rights up.
  writeFileSync(files.keyFile, key);
  return files;
}

function publicKeyHash(certFile: string): string {
  const key = new X509Certificate(readFileSync(certFile)).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}
