// The whole check against a network, a server and devices that a test makes as it likes.
import { causeTexts, JsonRpcError } from '@parley/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CHECK_STEPS, type CheckStep } from './check-findings.ts';
import { CheckSession, DEADLINES, type CheckTools } from './check-session.ts';
import { reportOf, verdictOf, weighed } from './check-verdict.ts';
import { FakeDevices, FakeServer, FakeTrack } from './testing.ts';

/** What gets through: candidates of these transports, and what comes back. */
interface Network {
  lets: readonly string[];
  relay: boolean;
  returns: { audio: boolean; video: boolean };
}

const candidate = (transport: string) => `a=candidate:1 1 ${transport} 1 192.0.2.1 5000 typ host\r\n`;
const ANSWER = `v=0\r\n${candidate('udp')}${candidate('tcp')}`;

class PathConnection extends EventTarget {
  readonly configuration: RTCConfiguration;
  readonly kinds: string[] = [];
  connectionState: RTCPeerConnectionState = 'new';
  readonly iceConnectionState = 'checking';
  iceGatheringState: RTCIceGatheringState = 'new';
  localDescription: { sdp: string } | null = null;
  given = '';
  readonly #network: Network;

  constructor(configuration: RTCConfiguration, network: Network) {
    super();
    this.configuration = configuration;
    this.#network = network;
  }

  addTransceiver(track: MediaStreamTrack): void {
    this.kinds.push(track.kind);
  }

  async createOffer() {
    const found = this.configuration.iceTransportPolicy !== 'relay' || this.#network.relay;
    return { type: 'offer', sdp: `v=0\r\n${found ? candidate('udp') : ''}` };
  }

  async setLocalDescription({ sdp }: { sdp: string }): Promise<void> {
    this.localDescription = { sdp };
    this.iceGatheringState = 'complete';
  }

  async setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.given = sdp;
    const through = this.configuration.iceTransportPolicy === 'relay' ? ['udp'] : this.#network.lets;
    if (through.some((transport) => sdp.includes(` ${transport} `))) this.connectionState = 'connected';
  }

  async getStats() {
    const { returns } = this.#network;
    const inbound = (['audio', 'video'] as const).map((kind) => ({
      id: kind,
      type: 'inbound-rtp',
      kind,
      packetsReceived: returns[kind] ? 1 : 0,
    }));
    const entries = [
      { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
      { id: 'P', type: 'candidate-pair', localCandidateId: 'L', currentRoundTripTime: 0.042 },
      { id: 'L', type: 'local-candidate', relayProtocol: 'tls' },
      ...inbound,
    ];
    return new Map(entries.map((entry) => [entry.id, entry]));
  }

  close(): void {
    this.connectionState = 'closed';
  }
}

let network: Network;
let server: FakeServer;
let devices: FakeDevices;
let closed: string[];
let connections: PathConnection[];
let level: number;
let tools: CheckTools;
let session: CheckSession;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'warn').mockReturnValue();
  network = { lets: ['udp', 'tcp'], relay: true, returns: { audio: true, video: true } };
  server = new FakeServer({
    requestTest: () => ({ iceServers: [] }),
    startPathCheck: () => ({ sdpAnswer: ANSWER }),
  });
  devices = new FakeDevices({ camera: true, microphone: true });
  closed = [];
  connections = [];
  level = 0.7;
  tools = {
    openDevices: () => started(async () => undefined),
    listen: () => ({ read: () => level, close: () => closed.push('meter') }),
    openSignalling: server.open,
    createPeerConnection: (configuration) => {
      const connection = new PathConnection(configuration, network);
      connections.push(connection);
      return connection as unknown as RTCPeerConnection;
    },
    standIn: () => ({
      audio: () => new FakeTrack('audio').asTrack(),
      video: () => new FakeTrack('video').asTrack(),
      close: () => closed.push('stand-in'),
    }),
    measureDown: async () => 20_000_000,
    measureUp: async () => 4_200_000,
  };
});

afterEach(() => {
  session.close();
  vi.useRealTimers();
});

/** The devices, as a session starts and closes them. */
function started(start: () => Promise<void>) {
  for (const device of ['camera', 'microphone'] as const) {
    const { track } = devices.snapshot()[device];
    if (track)
      Object.assign(track, { label: `a ${device}`, getSettings: () => ({ width: 1280, height: 720 }) });
  }
  return Object.assign(devices, { start, close: () => closed.push('devices') }).asDevices();
}

/** Runs to the end, however long that takes. */
async function check(): Promise<void> {
  session = new CheckSession(tools);
  const running = session.run();
  await vi.runAllTimersAsync();
  await running;
}

const findings = () => weighed(session.snapshot().findings);
const statuses = () => CHECK_STEPS.map((step) => findings()[step]?.status);
const wordsOf = (step: CheckStep) => findings()[step]?.words;
const verdict = () => verdictOf(session.snapshot().findings);

it('finds everything in order, lets all devices go, and reports it line by line', async () => {
  await check();
  expect(statuses()).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'skipped', 'ok', 'ok']);
  expect(verdict()).toMatchObject({ status: 'ok', title: 'Ready for a meeting' });
  expect(closed).toEqual(['meter', 'stand-in', 'devices']);
  expect(server.events).toBeUndefined();
  const facts = { browser: 'A browser', server: 'https://meet.example', at: 0 };
  expect(reportOf({ findings: session.snapshot().findings, ...facts })).toBe(
    [
      'Parley check: Ready for a meeting',
      'Camera, microphone and network work with this server.',
      '',
      'Server: https://meet.example',
      'Time: 1970-01-01T00:00:00.000Z',
      'Browser: A browser',
      '',
      '[OK] Camera: The camera gives a picture. (a camera, 1280 × 720)',
      '[OK] Microphone: The microphone hears you. (a microphone, level 70 %)',
      '[OK] Connection to the server: The server answers. (round trip under 1 ms)',
      '[OK] Media over UDP: Sound and picture go over UDP and come back. (round trip 42 ms, to the relay over TLS)',
      '[OK] Media over TCP: Sound and picture go over TCP and come back. (round trip 42 ms, to the relay over TLS)',
      '[Skipped] Media through the relay (TURN): No relay (TURN) is configured on this server.',
      '[OK] Throughput down: To receive, enough for video in 720p. (20 Mbit/s)',
      '[OK] Throughput up: To send, enough for video in 720p. (4.2 Mbit/s)',
      '',
    ].join('\n'),
  );
});

it('gives each connection only the candidates of its path, and ends each check at the server', async () => {
  await check();
  expect(connections.map(({ given }) => given)).toEqual([
    `v=0\r\n${candidate('udp')}`,
    `v=0\r\n${candidate('tcp')}`,
  ]);
  expect(connections.every(({ connectionState }) => connectionState === 'closed')).toBe(true);
  expect(server.said().filter((name) => name.endsWith('PathCheck'))).toEqual([
    'startPathCheck',
    'stopPathCheck',
    'startPathCheck',
    'stopPathCheck',
  ]);
});

it('without UDP says that calls go over TCP instead', async () => {
  network.lets = ['tcp'];
  await check();
  expect(findings().udp).toMatchObject({ status: 'warning', remedy: causeTexts['no-candidate-pair'].remedy });
  expect(wordsOf('udp')).toContain('nothing through to the server over UDP. Calls go over TCP instead');
  expect(verdict()).toMatchObject({ status: 'warning', text: wordsOf('udp') });
});

it('a spare path that does not work is told and does not change the verdict', async () => {
  network.lets = ['udp'];
  await check();
  expect(findings().tcp?.status).toBe('warning');
  expect(verdict().status).toBe('ok');
});

it('when nothing comes through says so in the words of the cause, and what to do', async () => {
  network.lets = [];
  await check();
  const { participant, remedy } = causeTexts['no-candidate-pair'];
  expect(statuses().slice(3, 6)).toEqual(['problem', 'problem', 'skipped']);
  expect(verdict()).toMatchObject({ status: 'problem', text: `${participant} ${remedy}` });
});

it('uses the relay and nothing else for its check, with the servers that the application server names', async () => {
  const iceServers = [{ urls: ['turn:192.0.2.9'], username: 'u', credential: 'c' }];
  server.answers.requestTest = () => ({ iceServers });
  network.lets = [];
  await check();
  expect(
    connections.map(({ configuration: { iceServers: to, iceTransportPolicy } }) => [to, iceTransportPolicy]),
  ).toEqual([
    [[], 'all'],
    [[], 'all'],
    [iceServers, 'relay'],
  ]);
  expect(findings().relay).toMatchObject({
    status: 'ok',
    numbers: 'round trip 42 ms, to the relay over TLS',
  });
  expect(wordsOf('udp')).toContain('Calls go through the relay instead.');
  expect(verdict().status).toBe('warning');
});

it('a relay that lets nobody in is the cause when nothing else works', async () => {
  server.answers.requestTest = () => ({ iceServers: [{ urls: ['turn:192.0.2.9'] }] });
  network = { ...network, lets: [], relay: false };
  await check();
  const { participant, remedy } = causeTexts['relay-refused'];
  expect(findings().relay).toMatchObject({ status: 'problem', words: participant });
  expect(verdict()).toMatchObject({ status: 'problem', text: `${participant} ${remedy}` });
});

it('a connection through which nothing comes back is no way; one kind of two is half a way', async () => {
  network.returns = { audio: true, video: false };
  await check();
  expect(findings().udp).toMatchObject({ status: 'warning' });
  expect(wordsOf('udp')).toContain('no picture came back');

  network.returns = { audio: false, video: false };
  await check();
  expect(findings().udp).toMatchObject({
    status: 'problem',
    words: causeTexts['nothing-arrives'].participant,
  });
});

it('without permission says so and goes on, with a picture and a tone of its own', async () => {
  devices.refuse('camera');
  devices.refuse('microphone');
  await check();
  const { participant, remedy } = causeTexts['no-permission'];
  for (const step of ['camera', 'microphone'] as const)
    expect(findings()[step]).toMatchObject({ status: 'problem', words: participant, remedy });
  expect(connections[0]?.kinds).toEqual(['audio', 'video']);
  expect(statuses().slice(2)).toEqual(['ok', 'ok', 'ok', 'skipped', 'ok', 'ok']);
  expect(verdict()).toMatchObject({ status: 'warning', text: participant });
});

it('over plain HTTP nobody would be seen or heard, however well the network does: a clear no, with what to do', async () => {
  devices.refuse('camera', 'insecure-context');
  devices.refuse('microphone', 'insecure-context');
  await check();
  expect(statuses()).toEqual(['problem', 'problem', 'ok', 'ok', 'ok', 'skipped', 'ok', 'ok']);
  expect(verdict()).toMatchObject({ status: 'problem', title: 'Nobody could see or hear you from here' });
  expect(verdict().text).toContain('Open this page with https://');

  // A server that cannot be reached comes first: with HTTPS alone nothing would be gained.
  server.reachable = false;
  await check();
  expect(verdict().text).toContain(causeTexts['signalling-lost'].participant);
});

it('a microphone that stays silent is listened to for a while, and then told of', async () => {
  level = 0;
  await check();
  expect(wordsOf('microphone')).toContain('gives no sound at all');
  level = 0.1;
  await check();
  expect(wordsOf('microphone')).toContain('hardly any sound');
  expect(findings().microphone?.status).toBe('warning');
});

it('without signalling the paths are not tried, and the verdict says why', async () => {
  server.reachable = false;
  await check();
  const { participant, remedy } = causeTexts['signalling-lost'];
  expect(statuses().slice(2, 6)).toEqual(['problem', 'skipped', 'skipped', 'skipped']);
  expect(connections).toEqual([]);
  expect(verdict()).toMatchObject({ status: 'problem', text: `${participant} ${remedy}` });
});

it('tells a media server that is away, and a server that is too busy to check, from a network that blocks', async () => {
  const refuse = (reason: string) => () => {
    throw new JsonRpcError(-32000, 'no', { reason });
  };
  server.answers.startPathCheck = refuse('media-server-unreachable');
  await check();
  expect(verdict()).toMatchObject({ status: 'problem' });
  expect(verdict().text).toContain(causeTexts['media-server-unreachable'].participant);

  server.answers.startPathCheck = refuse('too-many-requests');
  await check();
  expect(verdict()).toMatchObject({ status: 'warning', title: 'Not everything could be checked' });
});

it.each([
  [100_000, 'problem', 'not enough for a call'],
  [400_000, 'warning', 'sound only'],
  [1_000_000, 'warning', 'small video only'],
  [3_000_000, 'ok', 'video in 720p'],
])('says what %i bit/s suffice for', async (rate, status, words) => {
  tools.measureUp = async () => rate;
  await check();
  expect(findings().upload?.status).toBe(status);
  expect(wordsOf('upload')).toContain(words);
  expect(verdict().status).toBe(status === 'ok' ? 'ok' : 'warning');
});

it('comes to an end though every single step hangs', async () => {
  const never = () => new Promise<never>(() => undefined);
  tools = {
    ...tools,
    openDevices: () => started(never),
    openSignalling: never,
    measureDown: never,
    measureUp: never,
  };
  const since = Date.now();
  await check();
  expect(session.snapshot().phase).toBe('done');
  expect(statuses()).toEqual([
    'warning',
    'warning',
    'problem',
    'skipped',
    'skipped',
    'skipped',
    'problem',
    'problem',
  ]);
  const { camera, microphone, signalling, download, upload } = DEADLINES;
  expect(Date.now() - since).toBe(camera + microphone + signalling + download + upload);
});

it('an endpoint that never answers ends the check of its path, and the next path is tried', async () => {
  server.answers.startPathCheck = () => new Promise(() => undefined);
  await check();
  expect(statuses().slice(3, 5)).toEqual(['problem', 'problem']);
  expect(findings().download?.status).toBe('ok');
});

it('closed in the middle, it ends its connections and devices and tells nothing more', async () => {
  network.lets = [];
  session = new CheckSession(tools);
  const running = session.run();
  while (connections.length === 0) await vi.advanceTimersByTimeAsync(100);
  const before = session.snapshot();
  session.close();
  await running;
  await vi.runAllTimersAsync();
  expect(session.snapshot()).toBe(before);
  expect(connections.map(({ connectionState }) => connectionState)).toEqual(['closed']);
  expect(closed).toEqual(['meter', 'stand-in', 'devices']);
  expect(server.events).toBeUndefined();
});

it('can be run again, and not twice at once', async () => {
  await check();
  const running = session.run();
  await session.run();
  await vi.runAllTimersAsync();
  await running;
  expect(connections).toHaveLength(4);
});
