// Flow 3 with a recorder: added to the running call and taken away again, twice; viewers notice nothing of it, and what was
// recorded can be watched afterwards.
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectAllToMeet, expectToHear } from './src/expectations.ts';
import { watchFrames } from './src/frames.ts';
import type { KurentoObserver } from './src/kurento-observer.ts';
import { ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';
import { endedRecordings, expectPieceToShow } from './src/recordings.ts';

/** How long the page may take to show something. */
const SHOWN = { timeout: 20_000 };

let server: ParleyServer;
let mediaServer: KurentoObserver;
let room: string;
let ada: Participant;
let bob: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  [mediaServer, ada, bob] = await Promise.all([
    server.observe(),
    Participant.arrive({ name: 'Ada', server: server.url, colour: 'red', hz: 440 }),
    Participant.arrive({ name: 'Bob', server: server.url, colour: 'cyan', hz: 660 }),
  ]);
  for (const { page } of [ada, bob])
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
  // Who opens a room owns it.
  await ada.open('/');
  await ada.press('New room');
  await ada.page.waitForURL('**/r/*');
  room = new URL(ada.page.url()).pathname;
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
  const missingBefore = await framesMissing();

  for (const time of ['first', 'second']) {
    await bob.press('Record');
    await ada.button('Stop recording').waitFor();
    await expect
      .poll(() => mediaServer.count('RecorderEndpoint'), { timeout: 20_000, message: `${time} recorders` })
      .toBe(2);
    // Long enough for a piece to be worth watching: some frames of the viewer, and the tone.
    for (let shown = 0; shown < 20; shown++) await frames.next();
    await expectToHear(ada, bob);
    await ada.press('Stop recording');
    await bob.button('Record').waitFor();
    await expect.poll(() => mediaServer.count('RecorderEndpoint'), { timeout: 20_000 }).toBe(0);
    await frames.next();
  }

  // Frames come 15 times a second; a second of them that never came would be a freeze that a person sees.
  await expect
    .poll(async () => (await framesMissing()) - missingBefore, { timeout: 10_000 })
    .toBeLessThan(15);
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

it('lets the owner of the room delete a recording after asking, and nobody else', async () => {
  await bob.press('Leave');
  await bob.open('/recordings');
  await expect.poll(() => bob.page.getByRole('article').count(), SHOWN).toBe(2);
  expect(await bob.page.getByRole('button', { name: /^Delete/ }).count()).toBe(0);

  await ada.open('/recordings');
  const { keyboard } = ada.page;
  const remove = ada.page.getByRole('button', { name: /^Delete the recording of/ });
  await expect.poll(() => remove.count(), SHOWN).toBe(2);
  await remove.first().press('Enter');
  await expect.poll(() => isFocused(ada.button('Cancel')), SHOWN).toBe(true);
  await keyboard.press('Escape');
  await expect.poll(() => isFocused(remove.first()), SHOWN).toBe(true);
  expect(await endedRecordings(server.url, room)).toHaveLength(2);

  await keyboard.press('Enter');
  await ada.press('Delete for everyone');
  await ada.page.getByText(/^The recording of .* was deleted/).waitFor();
  expect(await remove.count()).toBe(1);
  await expect.poll(() => isFocused(ada.page.getByRole('heading', { level: 1 })), SHOWN).toBe(true);
  expect(await endedRecordings(server.url, room)).toHaveLength(1);
});

it('says that a deletion failed, and can be asked again, though the dialog was closed meanwhile', async () => {
  const { page } = ada;
  let refuse: () => void = () => undefined;
  const refused = new Promise<void>((resolve) => (refuse = resolve));
  await page.route('**/recordings/*', async (route) => {
    await refused;
    await route.abort();
  });
  const dialog = page.getByRole('alertdialog');
  await page.getByRole('button', { name: /^Delete the recording of/ }).click();
  await ada.press('Delete for everyone');
  // Nothing keeps it open when Escape is pressed again and again.
  await expect
    .poll(
      async () => {
        await page.keyboard.press('Escape');
        return dialog.count();
      },
      { ...SHOWN, message: 'dialogs that are open' },
    )
    .toBe(0);
  refuse();
  await dialog.getByRole('alert').waitFor();
  await page.unrouteAll();
  await ada.press('Delete for everyone');
  await expect.poll(() => endedRecordings(server.url, room), SHOWN).toEqual([]);
  // Of the same minute as the one before, most often: that is news, too.
  await expect.poll(() => isFocused(page.getByRole('heading', { level: 1 })), SHOWN).toBe(true);
});

/** False, too, while it is not there. */
function isFocused(locator: Locator): Promise<boolean> {
  return locator.evaluate((element) => element === document.activeElement).catch(() => false);
}

/** How many of the frames that Bob's browser has sent have not come to Ada's. Nothing of it depends on who is busy. */
async function framesMissing(): Promise<number> {
  const [sent, received] = await Promise.all([
    countOfFrames(bob, 'framesSent'),
    countOfFrames(ada, 'framesReceived'),
  ]);
  return sent - received;
}

function countOfFrames({ page }: Participant, name: 'framesSent' | 'framesReceived'): Promise<number> {
  return page.evaluate(async (name) => {
    const { connections } = globalThis as typeof globalThis & { connections: RTCPeerConnection[] };
    const stats = await Promise.all(connections.map((connection) => connection.getStats()));
    const all = stats.flatMap((report) => [...report.values()] as Record<string, unknown>[]);
    return all.reduce((sum, one) => sum + Number(one[name] ?? 0), 0);
  }, name);
}

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
