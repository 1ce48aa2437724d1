// Flows 3 and 4: everyone in the room sees and hears the others, and nothing of a stream is left when it has ended.
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  expectAllToMeet,
  expectToHear,
  expectToSee,
  expectToSeeAndHear,
  GONE_MS,
} from './src/expectations.ts';
import type { KurentoObserver } from './src/kurento-observer.ts';
import { ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';
import { dominantColour } from './src/seeing-and-hearing.ts';

let server: ParleyServer;
let mediaServer: KurentoObserver;
let room: string;
let ada: Participant;
let bob: Participant;
let cleo: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  [mediaServer, room, ada, bob, cleo] = await Promise.all([
    server.observe(),
    server.newRoom(),
    Participant.arrive({ name: 'Ada', server: server.url, colour: 'red', hz: 440 }),
    Participant.arrive({ name: 'Bob', server: server.url, colour: 'cyan', hz: 660 }),
    Participant.arrive({ name: 'Cleo', server: server.url, colour: 'blue', hz: 880 }),
  ]);
});

afterAll(async () => {
  await Promise.all([ada, bob, cleo].map((participant) => participant?.goHome()));
  await server?.stop();
});

ParleyServer.showLogOnFailure(() => server);

/** Each stream has one endpoint at its sender's side and one for each viewer. */
const endpointsOf = (people: number) => people * people;

async function expectEndpoints(count: number, timeout: number): Promise<void> {
  await expect.poll(() => mediaServer.count('WebRtcEndpoint'), { timeout, interval: 50 }).toBe(count);
}

async function streamOf(viewer: Participant, sender: Participant): Promise<string> {
  await expect
    .poll(() => viewer.tile(sender.name).getAttribute('data-state'), { timeout: 10_000 })
    .toBe('live');
  return (await viewer.tile(sender.name).getAttribute('data-stream')) ?? '';
}

it('shows those who came before and those who come later, each with their own picture and tone', async () => {
  await ada.join(room);
  await bob.join(room);
  await expectAllToMeet(ada, bob);
  await cleo.join(room);
  await expectAllToMeet(ada, bob, cleo);
});

it('sends nobody their own stream back', async () => {
  await expectEndpoints(endpointsOf(3), GONE_MS);
  for (const participant of [ada, bob, cleo]) {
    expect(await participant.page.getByRole('figure').count()).toBe(3);
    const own = participant.picture(participant.name);
    // The own tile shows the camera itself, without its sound.
    expect(await dominantColour(own)).toBe(participant.media.colour);
    expect(await own.evaluate((video: HTMLVideoElement) => video.muted)).toBe(true);
    const stream = await streamOf(participant, participant);
    expect(await mediaServer.endpointsOf(stream)).toHaveLength(3);
  }
});

it('silences a muted microphone, and the stream goes on', async () => {
  const stream = await streamOf(ada, bob);
  await bob.press('Mute microphone');
  await expectToHear(ada, bob, false);
  await expectToSee(ada, bob);
  await bob.press('Unmute microphone');
  await expectToHear(ada, bob);
  expect(await streamOf(ada, bob)).toBe(stream);
});

it('takes a stopped camera away from everyone, and brings it back', async () => {
  const stream = await streamOf(ada, cleo);
  await cleo.press('Stop camera');
  await expect
    .poll(() => mediaServer.endpointsOf(stream), { timeout: GONE_MS, interval: 50 })
    .toHaveLength(0);
  await expectToHear(ada, cleo);
  await expect.poll(() => dominantColour(ada.picture(cleo.name)), { timeout: 20_000 }).toBe('none');
  await cleo.press('Start camera');
  await expectToSeeAndHear(ada, cleo);
});

it('drops everything of a participant who leaves', async () => {
  await cleo.press('Leave');
  await expectEndpoints(endpointsOf(2), GONE_MS);
  await expect.poll(() => ada.tile(cleo.name).count(), { timeout: GONE_MS }).toBe(0);
  await expectAllToMeet(ada, bob);
});

it('drops everything of a participant whose tab is closed', async () => {
  await cleo.join(room);
  await expectToSeeAndHear(ada, cleo);
  await expectEndpoints(endpointsOf(3), GONE_MS);
  await cleo.closeTab();
  await expectEndpoints(endpointsOf(2), GONE_MS);
  await expect.poll(() => ada.tile(cleo.name).count(), { timeout: GONE_MS }).toBe(0);
});

it('drops everything of a participant whose WebSocket is lost, and lets them come back', async () => {
  // The page must not help: it would end its own peer connections, and it is the server that has to see to it.
  const wake = await bob.stun();
  bob.line.cut();
  const before = await ada.tile(bob.name).getAttribute('data-participant');
  await expectEndpoints(endpointsOf(1), GONE_MS);
  // Nobody left: they are waited for, and are who they were.
  await expect
    .poll(() => ada.tile(bob.name).textContent(), { timeout: 20_000 })
    .toContain(`Connection lost, waiting for ${bob.name}`);
  bob.line.mend();
  await wake();
  await expectAllToMeet(ada, bob);
  expect(await ada.tile(bob.name).count()).toBe(1);
  expect(await ada.tile(bob.name).getAttribute('data-participant')).toBe(before);
});

it('keeps picture, sound and streams when the WebSocket is lost for a moment only', async () => {
  const [adas, bobs] = [await streamOf(bob, ada), await streamOf(ada, bob)];
  bob.line.cut();
  bob.line.mend();
  await expect.poll(() => bob.tile(ada.name).textContent(), { timeout: 20_000 }).not.toContain('Repairing');
  await expectAllToMeet(ada, bob);
  expect([await streamOf(bob, ada), await streamOf(ada, bob)]).toEqual([adas, bobs]);
  await expectEndpoints(endpointsOf(2), GONE_MS);
});

it('lets a page that was loaded anew enter as the same person', async () => {
  const before = await ada.tile(bob.name).getAttribute('data-participant');
  await bob.page.reload();
  await bob.press('Join');
  await expectAllToMeet(ada, bob);
  expect(await ada.tile(bob.name).count()).toBe(1);
  expect(await ada.tile(bob.name).getAttribute('data-participant')).toBe(before);
});

it('leaves nothing on the media server when the last one leaves', async () => {
  await bob.press('Leave');
  await ada.press('Leave');
  await expect.poll(() => mediaServer.objects(), { timeout: GONE_MS, interval: 50 }).toEqual([]);
});
