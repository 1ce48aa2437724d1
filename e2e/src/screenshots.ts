// Takes the pictures in docs/images anew, from a real call of three people: `npm run screenshots`. Needs a built client.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { Participant } from './participant.ts';
import { PORTRAITS, writePortrait } from './portraits.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const PEOPLE = [
  { name: 'Ada', portrait: PORTRAITS.ada, hz: 440 },
  { name: 'Bob', portrait: PORTRAITS.bob, hz: 660 },
  { name: 'Cleo', portrait: PORTRAITS.cleo, hz: 880 },
] as const;
const PHONE = { width: 390, height: 780 };

async function main(folder: string): Promise<void> {
  mkdirSync(IMAGES, { recursive: true });
  const parley = new Child(
    'packages/parley/src/main.ts',
    ['--port', '0', '--host', '127.0.0.1', '--rtc-port', '0', '--data-dir', join(folder, 'data')],
    { LOG_LEVEL: 'warn' },
    join(folder, 'parley.log'),
  );
  const [, server = ''] = await parley.printed(/Open +(\S+)[\s\S]*Ctrl-C/);
  const people = await Promise.all(
    PEOPLE.map(({ name, portrait, hz }) => {
      const camera = join(folder, `${name}.y4m`);
      writePortrait(camera, portrait);
      const colourScheme = name === 'Bob' ? ('dark' as const) : ('light' as const);
      return Participant.arrive({ name, server, colour: 'red', hz, camera, colourScheme });
    }),
  );
  try {
    await takePictures(people, server);
    await takeInspectorPictures(people[2], readFileSync(join(folder, 'data', 'admin-token'), 'utf8').trim());
  } finally {
    await Promise.all(people.map((participant) => participant.goHome()));
    await parley.stop();
  }
}

async function takePictures(people: readonly Participant[], server: string): Promise<void> {
  const [ada, bob] = people;
  if (!ada || !bob) throw new Error('nobody came');
  const room = (await (await fetch(`${server}/api/rooms`, { method: 'POST' })).json()) as { id: string };
  for (const participant of people) await participant.join(`/r/${room.id}`);
  for (const participant of people)
    await participant.page.waitForFunction(
      (count) => document.querySelectorAll('figure[data-state=live]').length === count,
      people.length,
    );
  // That somebody came is worth telling at the moment, not in the picture.
  await ada.page.getByText('joined').first().waitFor({ state: 'hidden' });
  await shoot(ada, 'call');
  await ada.page.getByText(`${people.length - 1}/${people.length - 1}`).waitFor();
  await ada.press('Who can see me');
  await ada.page.getByText('The others’ streams').click();
  await shoot(ada, 'who-can-see-me');
  await shoot(bob, 'call-dark');
  await bob.page.setViewportSize(PHONE);
  await shoot(bob, 'call-phone');
}

/** Of Ada's camera, which Bob still watches. */
async function takeInspectorPictures(administrator: Participant | undefined, token: string): Promise<void> {
  if (!administrator) throw new Error('nobody came');
  const { page } = administrator;
  await administrator.open('/admin');
  await page.getByLabel('Administrator’s token').fill(token);
  await administrator.press('Sign in');
  await page.getByRole('link', { name: /^Ada/ }).first().waitFor();
  await page.mouse.move(0, 0);
  await shoot(administrator, 'sessions');
  await page.getByRole('link', { name: /^Ada/ }).first().click();
  await page.getByText('Everybody receives it').waitFor();
  await shoot(administrator, 'session');
  await page.mouse.move(0, 0);
  await page.getByRole('heading', { name: 'Messages' }).evaluate((heading) => {
    scrollTo(0, scrollY + heading.getBoundingClientRect().top - 24);
  });
  await shoot(administrator, 'session-messages');
}

async function shoot({ page }: Participant, name: string): Promise<void> {
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
  console.log(`docs/images/${name}.png`);
}

const folder = mkdtempSync(join(tmpdir(), 'parley-screenshots-'));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
