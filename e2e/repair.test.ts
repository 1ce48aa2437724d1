// The network takes the media's UDP away in mid-call: the call finds another way by itself, on the connections that it has.
import type { UdpProxy } from '@parley/bad-network';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectAllToMeet } from './src/expectations.ts';
import { routeMedia } from './src/joins/media-network.ts';
import { ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';

/** Longer than the test looks: nothing comes back over UDP. */
const BLACKOUT_MS = 600_000;
/** Five seconds until the browser notices, and two steps of the ladder; the machine may be busy. */
const REPAIRED_MS = 40_000;
/** Of the test: two people are looked at before and after that. */
const TIMEOUT = 150_000;

let server: ParleyServer;
let proxy: UdpProxy;
let ada: Participant;
let bob: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  [ada, bob] = await Promise.all([
    Participant.arrive({ name: 'Ada', server: server.url, colour: 'red', hz: 440 }),
    Participant.arrive({ name: 'Bob', server: server.url, colour: 'blue', hz: 880 }),
  ]);
  proxy = await routeMedia(bob.page, server.rtcPort, {});
  await bob.page.addInitScript(() => {
    const page = globalThis as typeof globalThis & { connections: RTCPeerConnection[] };
    page.connections = [];
    page.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        page.connections.push(this);
      }
    };
  });
});

afterAll(async () => {
  await Promise.all([ada, bob].map((participant) => participant?.goHome()));
  await proxy?.close();
  await server?.stop();
});

ParleyServer.showLogOnFailure(() => server);

/** Of each peer connection that Bob's page has made: its state, and what its selected candidate speaks. */
function ways(): Promise<string[]> {
  return bob.page.evaluate(async () => {
    const { connections } = globalThis as typeof globalThis & { connections: RTCPeerConnection[] };
    return Promise.all(
      connections.map(async (connection) => {
        const stats = [...(await connection.getStats()).values()] as Record<string, unknown>[];
        const transport = stats.find(({ type }) => type === 'transport');
        const pair = stats.find(({ id }) => id === transport?.['selectedCandidatePairId']);
        const local = stats.find(({ id }) => id === pair?.['localCandidateId']);
        return `${connection.connectionState} ${String(local?.['protocol'])}`;
      }),
    );
  });
}

it(
  'survives that all UDP is lost in mid-call: media goes on over TCP, without a click and without a new leg',
  { timeout: TIMEOUT },
  async () => {
    const room = await server.newRoom();
    await ada.join(room);
    await bob.join(room);
    await expectAllToMeet(ada, bob);
    await expect.poll(ways, { timeout: 20_000 }).toEqual(['connected udp', 'connected udp']);
    proxy.blackout(BLACKOUT_MS);
    await expect.poll(ways, { timeout: REPAIRED_MS }).toEqual(['connected tcp', 'connected tcp']);
    await expectAllToMeet(ada, bob);
    expect(await ways()).toHaveLength(2);
  },
);
