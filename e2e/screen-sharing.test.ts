// Flow 5: a shared screen is a stream of its own beside the camera, seen by the others and recorded as a piece of its own.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectAllToMeet, expectToSeeAndHear, GONE_MS } from './src/expectations.ts';
import { ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';
import { endedRecordings, expectPieceToShow } from './src/recordings.ts';
import { dominantColour, isChanging } from './src/seeing-and-hearing.ts';

/** What Chromium's fake screen shows: green, with a moving figure. */
const SCREEN = 'green';
const BOBS_SCREEN = 'Bob – screen';

let server: ParleyServer;
let room: string;
let ada: Participant;
let bob: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  [room, ada, bob] = await Promise.all([
    server.newRoom(),
    Participant.arrive({ name: 'Ada', server: server.url, colour: 'red', hz: 440 }),
    Participant.arrive({ name: 'Bob', server: server.url, colour: 'blue', hz: 660 }),
  ]);
});

afterAll(async () => {
  await Promise.all([ada, bob].map((participant) => participant?.goHome()));
  await server?.stop();
});

ParleyServer.showLogOnFailure(() => server);

it('shows the screen beside the camera of the same participant', async () => {
  await Promise.all([ada.join(room), bob.join(room)]);
  await expectAllToMeet(ada, bob);
  await bob.press('Share screen');
  const screen = ada.picture(BOBS_SCREEN);
  await expect.poll(() => dominantColour(screen), { timeout: 20_000 }).toBe(SCREEN);
  await expect.poll(() => isChanging(screen), { timeout: 10_000 }).toBe(true);
  await expectToSeeAndHear(ada, bob);
  const [camera, shared] = [ada.tile(bob.name), ada.tile(BOBS_SCREEN)];
  expect(await shared.getAttribute('data-participant')).toBe(await camera.getAttribute('data-participant'));
  expect(await shared.getAttribute('data-stream')).not.toBe(await camera.getAttribute('data-stream'));
});

it('records the screen as a piece of its own', async () => {
  const observer = await server.observe();
  await ada.press('Record');
  await expect.poll(() => observer.count('RecorderEndpoint'), { timeout: 20_000 }).toBe(3);
  await bob.button('Stop recording').waitFor();
  await expectToSeeAndHear(ada, bob);
  await ada.press('Stop recording');
  const [recording] = await endedRecordings(server.url, room);
  const pieces = recording?.pieces ?? [];
  expect(pieces.map(({ participantName, kind }) => `${participantName} ${kind}`).sort()).toEqual([
    'Ada camera',
    'Bob camera',
    'Bob screen',
  ]);
});

it('takes the screen away when it is no longer shared, and leaves the camera', async () => {
  const observer = await server.observe();
  const stream = (await ada.tile(BOBS_SCREEN).getAttribute('data-stream')) ?? '';
  await bob.press('Stop sharing');
  await expect.poll(() => observer.endpointsOf(stream), { timeout: GONE_MS, interval: 50 }).toHaveLength(0);
  await expect.poll(() => ada.tile(BOBS_SCREEN).count(), { timeout: GONE_MS }).toBe(0);
  await expectToSeeAndHear(ada, bob);
});

it('plays the screen and the cameras afterwards', async () => {
  await ada.press('Leave');
  await ada.open('/recordings');
  const [recording] = await endedRecordings(server.url, room);
  for (const piece of recording?.pieces ?? []) {
    const of = piece.participantName === 'Ada' ? ada : bob;
    await expectPieceToShow(ada, piece, piece.kind === 'screen' ? { colour: SCREEN } : of.media);
  }
});
