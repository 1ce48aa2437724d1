// Flows 1 and 2: before joining, a participant records themselves on the media server and sees and hears just that.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GONE_MS } from './src/expectations.ts';
import { ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';
import { dominantColour, hears, isChanging } from './src/seeing-and-hearing.ts';

let server: ParleyServer;
let ada: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  ada = await Participant.arrive({ name: 'Ada', server: server.url, colour: 'yellow', hz: 770 });
});

afterAll(async () => {
  await ada?.goHome();
  await server?.stop();
});

ParleyServer.showLogOnFailure(() => server);

it('plays back the picture and the sound that were recorded, ticks meanwhile, and says when it is over', async () => {
  await ada.open(await server.newRoom());
  await ada.press('Test camera and microphone');
  const test = ada.page.getByRole('group', { name: 'Test of camera and microphone' });
  const status = test.getByRole('status');

  // Written down as they are shown: between two looks from outside one could be missed.
  const ticks = await test.evaluateHandle((panel) => {
    const seen: number[] = [];
    new MutationObserver(() => {
      const left = Number(panel.querySelector('[role=timer]')?.textContent ?? NaN);
      if (!Number.isNaN(left) && left !== seen.at(-1)) seen.push(left);
    }).observe(panel, { subtree: true, childList: true, characterData: true });
    return seen;
  });
  await ada.press('Record');
  await expect.poll(() => status.textContent(), { timeout: 20_000 }).toContain('5 seconds were recorded');
  expect((await ticks.jsonValue()).slice(0, 5)).toEqual([5, 4, 3, 2, 1]);

  await ada.press('Play back');
  const playback = test.getByLabel('What was recorded').locator('video');
  await expect.poll(() => dominantColour(playback), { timeout: 10_000 }).toBe('yellow');
  await expect.poll(() => isChanging(playback), { timeout: 10_000 }).toBe(true);
  await expect.poll(() => hears(playback, 770), { timeout: 10_000 }).toBe(true);
  await expect
    .poll(() => status.textContent(), { timeout: 10_000 })
    .toContain('If you saw and heard yourself');
});

it('can be repeated, and leaves nothing on the media server when the participant goes away', async () => {
  const observer = await server.observe();
  await ada.press('Record');
  await expect.poll(() => observer.count('RecorderEndpoint'), { timeout: 20_000 }).toBe(1);
  await ada.press('End the test');
  await expect.poll(() => observer.objects(), { timeout: GONE_MS, interval: 50 }).toEqual([]);
});
