// A browser whose network lets nothing through to the media server is relayed by the embedded TURN server, over UDP or TCP,
// with credentials of its own; the call is the same.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RoomResponse, SessionsResponse, SessionTrace } from '@parley/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Child } from './src/child.ts';
import { expectAllToMeet } from './src/expectations.ts';
import { openAddress, PARLEY } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';

const folder = mkdtempSync(join(tmpdir(), 'parley-relay-'));
let parley: Child;
let server: string;
let room: string;
let ada: Participant;
let bob: Participant;

beforeAll(async () => {
  const flags = {
    port: '0',
    host: '0.0.0.0',
    'rtc-port': '0',
    'turn-port': '0',
    'data-dir': join(folder, 'data'),
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  parley = new Child(PARLEY, args, {}, join(folder, 'parley.log'));
  server = await openAddress(parley);
  const made = await fetch(`${server}/api/rooms`, { method: 'POST' });
  room = `/r/${RoomResponse.parse(await made.json()).id}`;
  [ada, bob] = await Promise.all([
    Participant.arrive({ name: 'Ada', server, colour: 'red', hz: 440 }),
    Participant.arrive({ name: 'Bob', server, colour: 'blue', hz: 880 }),
  ]);
  await bob.page.addInitScript(() => {
    const page = globalThis as typeof globalThis & { connections: RTCPeerConnection[] };
    const only = localStorage.getItem('only') ?? 'neither';
    page.connections = [];
    page.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration: RTCConfiguration = {}) {
        const iceServers = (configuration.iceServers ?? []).map((server) => ({
          ...server,
          urls: [server.urls].flat().filter((url) => url.endsWith(only)),
        }));
        super({ ...configuration, iceServers, iceTransportPolicy: 'relay' });
        page.connections.push(this);
      }
    };
  });
  await ada.join(room);
});

afterAll(async () => {
  await Promise.all([ada, bob].map((participant) => participant?.goHome()));
  await parley?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What Bob's browser may use from the next page on: nothing but the relay, and that only over `transport`. */
async function confine(transport: 'udp' | 'tcp'): Promise<void> {
  await bob.open('/');
  await bob.page.evaluate((only) => localStorage.setItem('only', only), transport);
}

/** How each of Bob's peer connections reaches the server: candidate type and what it speaks to the relay. */
function ways(): Promise<string[]> {
  return bob.page.evaluate(async () => {
    const { connections } = globalThis as typeof globalThis & { connections: RTCPeerConnection[] };
    const alive = connections.filter(({ connectionState }) => connectionState === 'connected');
    return Promise.all(
      alive.map(async (connection) => {
        const stats = [...(await connection.getStats()).values()] as Record<string, unknown>[];
        const transport = stats.find(({ type }) => type === 'transport');
        const pair = stats.find(({ id }) => id === transport?.['selectedCandidatePairId']);
        const local = stats.find(({ id }) => id === pair?.['localCandidateId']);
        return `${String(local?.['candidateType'])} ${String(local?.['relayProtocol'])}`;
      }),
    );
  });
}

/** What the traces of all sessions say of the relay, for the administrator. */
async function relaysDoings(): Promise<string[]> {
  const token = readFileSync(join(folder, 'data', 'admin-token'), 'utf8').trim();
  const read = async (path: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${server}/api/admin/sessions${path}`, { headers })).json();
  };
  const { sessions } = SessionsResponse.parse(await read(''));
  const traces = await Promise.all(sessions.map(async ({ id }) => SessionTrace.parse(await read(`/${id}`))));
  return traces
    .flatMap(({ entries }) => entries)
    .filter(({ from }) => from === 'turn-server')
    .map(({ name, facts }) => `${name} ${String(facts['protocol'])}`);
}

it.each(['udp', 'tcp'] as const)('carries a whole call over %s', async (transport) => {
  await confine(transport);
  await bob.join(room);
  await expectAllToMeet(ada, bob);
  await expect.poll(ways, { timeout: 20_000 }).toEqual([`relay ${transport}`, `relay ${transport}`]);
  expect(parley.log).toContain('turn-server');
  await expect.poll(() => relaysDoings(), { timeout: 20_000 }).toContain(`allocated ${transport}`);
  await bob.press('Leave');
});
