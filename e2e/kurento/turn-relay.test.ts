// A WebRtcEndpoint behind a relay of its own (turnUrl): all that it and its peer say to each other goes through a TURN server,
// which it reaches by UDP, TCP or TLS.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '@parley/app-server';
import { mintTurnCredentials } from '@parley/protocol/turn-credentials';
import { parseCandidate } from '@parley/rtc';
import { startTurnServer, type RunningTurnServer } from '@parley/turn-server';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { DEADLINE } from '../src/kurento/driven-peer.ts';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import { LibraryPeer } from '../src/kurento/library-peer.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { weriftConnection } from '../src/kurento/werift-peer.ts';

const HOST = '127.0.0.1';
/** What the certificate of the TURN server is for. */
const NAME = 'localhost';
const SECRET = 'the secret of this test';
const DAY_MS = 86_400_000;

type Way = 'udp' | 'tcp' | 'tls';

const folder = mkdtempSync(join(tmpdir(), 'parley-turn-relay-'));

let server: MediaServerAlone;
let turn: RunningTurnServer;
let connection: KurentoConnection;
let mediaPipeline: string;
let peer: LibraryPeer | undefined;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  const now = Date.now();
  const validity = { from: new Date(now - DAY_MS), to: new Date(now + DAY_MS) };
  const { cert, key } = await makeCertificate([NAME], validity);
  const file = join(folder, 'cert.pem');
  writeFileSync(file, cert);
  server = await startMediaServerAlone({ environment: { NODE_EXTRA_CA_CERTS: file } });
  const listen = { host: HOST, port: 0 };
  turn = await startTurnServer({
    udp: listen,
    tcp: listen,
    tls: { ...listen, cert, key },
    relayAddress: HOST,
    permittedPeers: [],
    secret: SECRET,
    realm: 'parley.test',
    log: pino({ level: 'silent' }),
  });
  connection = await server.connect();
});
afterEach(async () => {
  peer?.close();
  peer = undefined;
  await connection.release(mediaPipeline);
});
afterAll(async () => {
  await turn?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** `host:port?transport=way` of the TURN server. */
function placeOf(way: Way): string {
  const places = {
    udp: `${HOST}:${turn.udpPort}`,
    tcp: `${HOST}:${turn.tcpPort}`,
    tls: `${NAME}:${turn.tlsPort}`,
  };
  return `${places[way]}?transport=${way}`;
}

/** An endpoint that is connected to itself and asks for a relay. `place`: as `placeOf` gives it. */
async function relayedEndpoint(place: string, secret = SECRET): Promise<string> {
  mediaPipeline = await connection.create('MediaPipeline');
  const endpoint = await connection.create('WebRtcEndpoint', { mediaPipeline });
  const { username, credential } = mintTurnCredentials({
    secret,
    participant: 'endpoint',
    lifetimeSeconds: 60,
    now: Date.now(),
  });
  const turnUrl = `${username}:${credential}@${place}`;
  await connection.invoke(endpoint, 'setTurnUrl', { turnUrl });
  expect(await connection.invoke(endpoint, 'getTurnUrl')).toBe(turnUrl);
  await connection.subscribe(endpoint, 'IceCandidateFound', 'IceGatheringDone', 'ConnectionStateChanged');
  await connection.invoke(endpoint, 'connect', { sink: endpoint });
  return endpoint;
}

/** Resolves with the description of the endpoint once it is complete. */
async function gathered(endpoint: string): Promise<string> {
  await connection.invoke(endpoint, 'gatherCandidates');
  await connection.event(endpoint, 'IceGatheringDone');
  return connection.invoke<string>(endpoint, 'getLocalSessionDescriptor');
}

function candidatesIn(sdp: string) {
  const lines = sdp.split('\r\n').filter((line) => line.startsWith('a=candidate:'));
  return lines.map((line) => parseCandidate(line)).filter((candidate) => candidate !== undefined);
}

/** An endpoint that its peer reaches by the relay alone, once they are connected; and where the relay is. */
async function connectedByRelay(way: Way) {
  const endpoint = await relayedEndpoint(placeOf(way));
  peer = new LibraryPeer(weriftConnection('VP8'), 'VP8');
  const offer = await peer.offer();
  turn.permitPeers(candidatesIn(offer).map(({ address, port }) => ({ address, port })));
  expect(await connection.invoke<string>(endpoint, 'processOffer', { offer })).not.toContain('typ relay');
  const described = await gathered(endpoint);
  const relays = candidatesIn(described).filter(({ type }) => type === 'relay');
  expect(relays).toMatchObject([{ address: HOST, transport: 'udp', relatedAddress: '0.0.0.0' }]);
  expect(turn.allocations()).toMatchObject([{ transport: way }]);
  await peer.acceptAnswer(described.replaceAll(/^a=candidate:.* typ host.*\r\n/gm, ''));
  await peer.begin();
  await peer.getsItsOwnBack();
  return { endpoint, relay: relays[0] };
}

it.each(['udp', 'tcp', 'tls'] as const)(
  'a peer that reaches the endpoint by its relay alone hears and sees itself: %s',
  async (way) => {
    const { endpoint, relay } = await connectedByRelay(way);
    const told = connection.eventsOf(endpoint, 'IceCandidateFound').map(({ data }) => JSON.stringify(data));
    expect(told.filter((event) => event.includes('typ relay'))).toHaveLength(2);
    const [pair] = await connection.invoke<{ localCandidate: string }[]>(endpoint, 'getICECandidatePairs');
    expect(parseCandidate(pair?.localCandidate ?? '')).toMatchObject({ type: 'relay', port: relay?.port });

    await connection.release(endpoint);
    await expect.poll(() => turn.allocations(), DEADLINE).toHaveLength(0);
  },
);

it.each([
  ['refuses it', () => relayedEndpoint(placeOf('udp'), 'another secret')],
  // Its certificate is for a name.
  ['is not to be believed', () => relayedEndpoint(placeOf('tls').replace(NAME, HOST))],
])('an endpoint whose relay %s is told its other candidates', async (_why, open) => {
  const endpoint = await open();
  await connection.invoke(endpoint, 'generateOffer');
  const types = candidatesIn(await gathered(endpoint)).map(({ type }) => type);
  expect(new Set(types)).toEqual(new Set(['host']));
  expect(turn.allocations()).toHaveLength(0);
});

it('an endpoint whose relay is lost with the connection to the server says at once that it is disconnected', async () => {
  const { endpoint } = await connectedByRelay('tcp');
  await turn.close();
  const isLost = ({ newState }: Record<string, unknown>): boolean => newState === 'DISCONNECTED';
  await connection.event(endpoint, 'ConnectionStateChanged', isLost);
  expect(await connection.invoke(endpoint, 'getICECandidatePairs')).toEqual([]);
  await expect.poll(() => server.child.log, DEADLINE).toContain('a relay is lost');
});
