// A call without a mouse: each page takes the focus when it appears, and every button is reached and pressed by its key. And
// no page stays empty.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';

let server: ParleyServer;
let ada: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  ada = await Participant.arrive({ name: 'Ada', server: server.url, colour: 'red', hz: 440 });
});

afterAll(async () => {
  await ada?.goHome();
  await server?.stop();
});

ParleyServer.showLogOnFailure(() => server);

/** What has the focus, in the words of a screen reader. */
function focused(): Promise<string> {
  return ada.page.evaluate(() => {
    const element = document.activeElement;
    return element?.getAttribute('aria-label') ?? element?.textContent ?? '';
  });
}

const expectFocus = (on: string) => expect.poll(focused, { timeout: 10_000 }).toBe(on);

/** Presses Tab until the button has the focus: round and round, for a call's buttons wait until the devices have started. */
async function tabTo(button: string): Promise<void> {
  const nextFocus = async () => {
    if ((await focused()) !== button) await ada.page.keyboard.press('Tab');
    return focused();
  };
  await expect.poll(nextFocus, { timeout: 10_000, interval: 20 }).toBe(button);
}

it('leads from the start page through a call and out again', async () => {
  const { keyboard } = ada.page;
  await ada.open('/');
  await tabTo('New room');
  await keyboard.press('Enter');
  await expectFocus('Ready to join?');

  await keyboard.press('Tab');
  await keyboard.type('Ada');
  await keyboard.press('Enter');
  await expectFocus('Participants');

  await tabTo('Mute microphone');
  await keyboard.press('Space');
  await expectFocus('Unmute microphone');
  await tabTo('Leave');
  await keyboard.press('Enter');
  await expectFocus('You have left the room');
  await tabTo('Join again');
  await keyboard.press('Enter');
  await expectFocus('Ready to join?');
});

it('loads a page anew whose part is gone after an upgrade, and says so when that does not help', async () => {
  let loaded = 0;
  ada.page.on('domcontentloaded', () => loaded++);
  await ada.page.route('**/assets/admin-pages*.js', (route) => route.fulfill({ status: 404, body: '' }));
  await ada.open('/admin');
  await expectFocus('This page is not there at the moment');
  expect(loaded).toBe(2);
  await ada.page.unrouteAll();
  await ada.press('Reload the page');
  await expectFocus('Administration');
});
