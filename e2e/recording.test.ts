// Flow 3 with a recorder: added to the running call and taken away again, twice; viewers notice nothing of it, and what was
// recorded can be watched afterwards.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectAllToMeet, expectToHear } from './src/expectations.ts';
import { watchFrames } from './src/frames.ts';
import type { KurentoObserver } from './src/kurento-observer.ts';
import { ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';
import { endedRecordings, expectPieceToShow } from './src/recordings.ts';

let server: ParleyServer;
let mediaServer: KurentoObserver;
let room: string;
let ada: Participant;
let bob: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  [mediaServer, room, ada, bob] = await Promise.all([
    server.observe(),
    server.newRoom(),
    Participant.arrive({ name: 'Ada', server: server.url, colour: 'red', hz: 440 }),
    Participant.arrive({ name: 'Bob', server: server.url, colour: 'cyan', hz: 660 }),
  ]);
});

afterAll(async () => {
  await Promise.all([ada, bob].map((participant) => participant?.goHome()));
  await server?.stop();
});

ParleyServer.showLogOnFailure(() => server);

it('adds and removes the recorders of a running call twice, without a glitch for who watches', async () => {
  await ada.join(room);
  await bob.join(room);
  await expectAllToMeet(ada, bob);
  const before = await Promise.all([ada, bob].map((participant) => legState(participant)));
  const frames = await watchFrames(ada.picture(bob.name));

  for (const time of ['first', 'second']) {
    await bob.press('Record');
    await ada.button('Stop recording').waitFor();
    await expect
      .poll(() => mediaServer.count('RecorderEndpoint'), { timeout: 5_000, message: `${time} recorders` })
      .toBe(2);
    // Long enough for a piece to be worth watching: some frames of the viewer, and the tone.
    for (let shown = 0; shown < 20; shown++) await frames.next();
    await expectToHear(ada, bob);
    await ada.press('Stop recording');
    await bob.button('Record').waitFor();
    await expect.poll(() => mediaServer.count('RecorderEndpoint'), { timeout: 5_000 }).toBe(0);
    await frames.next();
  }

  // Frames come 15 times a second; a second without one would be a freeze that a person sees.
  expect(await frames.longestPauseMs()).toBeLessThan(1_000);
  expect(await Promise.all([ada, bob].map((participant) => legState(participant)))).toEqual(before);
  await expectAllToMeet(ada, bob);
});

it('keeps every piece, and plays it with the picture and the tone of whom it shows', async () => {
  const recordings = await endedRecordings(server.url, room);
  expect(recordings).toHaveLength(2);
  for (const { pieces } of recordings)
    expect(pieces.map(({ participantName }) => participantName).sort()).toEqual(['Ada', 'Bob']);
  await ada.press('Leave');
  await ada.open('/recordings');
  for (const piece of recordings.flatMap(({ pieces }) => pieces)) {
    const of = piece.participantName === 'Ada' ? ada : bob;
    await expectPieceToShow(ada, piece, of.media);
  }
});

it('gives a part of a piece when asked for a part', async () => {
  const [recording] = await endedRecordings(server.url, room);
  const piece = recording?.pieces[0];
  expect(piece).toBeDefined();
  const url = `${server.url}${piece?.url ?? ''}`;
  const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
  const response = await fetch(url, { headers: { range: 'bytes=100-199' } });
  expect(response.status).toBe(206);
  expect(Buffer.from(await response.arrayBuffer())).toEqual(whole.subarray(100, 200));
});

/** Which streams a participant's tiles carry and in what state: a leg that was built anew would change it. */
async function legState(participant: Participant): Promise<(string | undefined)[][]> {
  return participant.page
    .getByRole('figure')
    .evaluateAll((tiles) =>
      tiles.map((tile) => [
        (tile as HTMLElement).dataset['stream'],
        (tile as HTMLElement).dataset['state'],
        (tile as HTMLElement).dataset['firstFrameMs'],
      ]),
    );
}
