// The application server is killed in the middle of a call, and again in the middle of a join: media never stops, everybody
// is who they were, and everything works afterwards.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectAllToMeet, expectToHear } from './src/expectations.ts';
import { watchFrames } from './src/frames.ts';
import type { KurentoObserver } from './src/kurento-observer.ts';
import { health, ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';
import { commandLine, treeOf } from './src/processes.ts';
import { endedRecordings } from './src/recordings.ts';

/** A start takes about 1 s, on a machine that is busy with browsers several. */
const RESTARTED_MS = 40_000;
/** Of a test: everybody is looked at twice, and the server starts in between. */
const TIMEOUT = 120_000;

let server: ParleyServer;
let mediaServer: KurentoObserver;
let room: string;
let ada: Participant;
let bob: Participant;
let cleo: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  const arrive = (name: string, colour: Participant['media']['colour'], hz: number) =>
    Participant.arrive({ name, server: server.url, colour, hz });
  [mediaServer, room, ada, bob, cleo] = await Promise.all([
    server.observe(),
    server.newRoom(),
    arrive('Ada', 'red', 440),
    arrive('Bob', 'blue', 660),
    arrive('Cleo', 'yellow', 880),
  ]);
  for (const { page } of [ada, bob, cleo])
    await page.addInitScript(() => {
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
  await Promise.all([ada, bob, cleo].map((participant) => participant?.goHome()));
  await server?.stop();
});

ParleyServer.showLogOnFailure(() => server);

function appServer(): number {
  const found = treeOf(server.parley.process.pid ?? 0).find((pid) => commandLine(pid).includes('app-server'));
  if (found === undefined) throw new Error('there is no process of the application server');
  return found;
}

async function untilBack(killed: number): Promise<void> {
  await expect
    .poll(() => health(server.url).catch(String), { timeout: RESTARTED_MS })
    .toMatchObject({
      ready: true,
    });
  expect(appServer()).not.toBe(killed);
}

/** The states of all peer connections that the page ever made. */
const connections = ({ page }: Participant) =>
  page.evaluate(() =>
    (globalThis as typeof globalThis & { connections: RTCPeerConnection[] }).connections.map(
      ({ connectionState }) => connectionState,
    ),
  );

it(
  'goes on with every picture and the recording while the application server dies and comes back',
  { timeout: TIMEOUT },
  async () => {
    await ada.join(room);
    await bob.join(room);
    await expectAllToMeet(ada, bob);
    await bob.press('Record');
    await ada.button('Stop recording').waitFor();
    await expect.poll(() => mediaServer.count('RecorderEndpoint'), { timeout: 20_000 }).toBe(2);
    // So much that both files have begun.
    const frames = await Promise.all([watchFrames(ada.picture('Bob')), watchFrames(bob.picture('Ada'))]);
    const show = async (count: number) => {
      for (let shown = 0; shown < count; shown++) await Promise.all(frames.map((watched) => watched.next()));
    };
    await show(30);
    const objects = await mediaServer.objects();

    const killed = appServer();
    process.kill(killed, 'SIGKILL');
    // While nobody is there to ask, and after.
    await show(15);
    await untilBack(killed);
    await bob.press('Mute microphone');
    await expectToHear(ada, bob, false);
    await ada.tile('Bob').getByTitle('Microphone off').waitFor();
    await bob.press('Unmute microphone');
    await expectAllToMeet(ada, bob);

    for (const participant of [ada, bob])
      await expect
        .poll(() => connections(participant), { timeout: 20_000 })
        .toEqual(['connected', 'connected']);
    expect(await mediaServer.objects()).toEqual(objects);
  },
);

it('lets a third one in whose join it died in', { timeout: TIMEOUT }, async () => {
  await cleo.open(room);
  await cleo.page.getByRole('textbox', { name: 'Your name' }).fill('Cleo');
  const killed = appServer();
  await cleo.press('Join');
  await cleo.page.waitForFunction(
    () => (globalThis as typeof globalThis & { connections: RTCPeerConnection[] }).connections.length > 0,
  );
  process.kill(killed, 'SIGKILL');
  await untilBack(killed);
  await expectAllToMeet(ada, bob, cleo);
  await ada.button('Stop recording').click();
  await cleo.button('Record').waitFor();
  const [recording, ...others] = await endedRecordings(server.url, room);
  expect(others).toEqual([]);
  const names = recording?.pieces.map(({ participantName }) => participantName) ?? [];
  expect(names.filter((name) => name !== 'Cleo').sort()).toEqual(['Ada', 'Bob']);
  expect(names).toContain('Cleo');
});

it('takes away everything of who leaves then', async () => {
  await bob.press('Leave');
  await expect.poll(() => ada.tile('Bob').count(), { timeout: 20_000 }).toBe(0);
  await expect.poll(() => mediaServer.count('WebRtcEndpoint'), { timeout: 20_000 }).toBe(4);
  await expectAllToMeet(ada, cleo);
});
