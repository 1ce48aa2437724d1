// A WebRtcEndpoint behind a relay of its own (turnUrl): all that it and its peer say to each other goes through a TURN server.
import { mintTurnCredentials } from '@parley/protocol/turn-credentials';
import { parseCandidate } from '@parley/rtc';
import { startTurnServer, type RunningTurnServer } from '@parley/turn-server';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { KurentoConnection } from '../src/kurento/kurento-connection.ts';
import { LibraryPeer } from '../src/kurento/library-peer.ts';
import { MediaServerAlone, startMediaServerAlone } from '../src/kurento/media-server-alone.ts';
import { weriftConnection } from '../src/kurento/werift-peer.ts';

const HOST = '127.0.0.1';
const SECRET = 'the secret of this test';

let server: MediaServerAlone;
let turn: RunningTurnServer;
let connection: KurentoConnection;
let mediaPipeline: string;
let peer: LibraryPeer | undefined;
MediaServerAlone.showLogOnFailure(() => server);

beforeAll(async () => {
  server = await startMediaServerAlone();
  turn = await startTurnServer({
    udp: { host: HOST, port: 0 },
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
  await connection.release(mediaPipeline);
});
afterAll(async () => {
  await turn?.close();
  await server?.stop();
});

/** An endpoint that is connected to itself and asks for a relay. */
async function relayedEndpoint(secret: string): Promise<string> {
  mediaPipeline = await connection.create('MediaPipeline');
  const endpoint = await connection.create('WebRtcEndpoint', { mediaPipeline });
  const { username, credential } = mintTurnCredentials({
    secret,
    participant: 'endpoint',
    lifetimeSeconds: 60,
    now: Date.now(),
  });
  const turnUrl = `${username}:${credential}@${HOST}:${turn.udpPort}?transport=udp`;
  await connection.invoke(endpoint, 'setTurnUrl', { turnUrl });
  expect(await connection.invoke(endpoint, 'getTurnUrl')).toBe(turnUrl);
  await connection.subscribe(endpoint, 'IceCandidateFound', 'IceGatheringDone', 'NewCandidatePairSelected');
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

it('a peer that reaches the endpoint by its relay alone hears and sees itself', async () => {
  const endpoint = await relayedEndpoint(SECRET);
  peer = new LibraryPeer(weriftConnection('VP8'), 'VP8');
  const offer = await peer.offer();
  turn.permitPeers(candidatesIn(offer).map(({ address, port }) => ({ address, port })));
  expect(await connection.invoke<string>(endpoint, 'processOffer', { offer })).not.toContain('typ relay');
  const described = await gathered(endpoint);
  const relays = candidatesIn(described).filter(({ type }) => type === 'relay');
  expect(relays).toMatchObject([{ address: HOST, transport: 'udp', relatedAddress: '0.0.0.0' }]);
  const told = connection.eventsOf(endpoint, 'IceCandidateFound').map(({ data }) => JSON.stringify(data));
  expect(told.filter((event) => event.includes('typ relay'))).toHaveLength(2);
  expect(turn.allocations()).toHaveLength(1);

  const relayOnly = described.replaceAll(/^a=candidate:.* typ host.*\r\n/gm, '');
  await peer.acceptAnswer(relayOnly);
  await peer.begin();
  await peer.getsItsOwnBack();
  const [pair] = await connection.invoke<{ localCandidate: string }[]>(endpoint, 'getICECandidatePairs');
  expect(parseCandidate(pair?.localCandidate ?? '')).toMatchObject({ type: 'relay', port: relays[0]?.port });

  await connection.release(endpoint);
  await expect.poll(() => turn.allocations()).toHaveLength(0);
});

it('an endpoint whose relay refuses it is told its other candidates', async () => {
  const endpoint = await relayedEndpoint('another secret');
  await connection.invoke(endpoint, 'generateOffer');
  const types = candidatesIn(await gathered(endpoint)).map(({ type }) => type);
  expect(new Set(types)).toEqual(new Set(['host']));
  expect(turn.allocations()).toHaveLength(0);
});
