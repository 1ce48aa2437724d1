// "Who can see me": everybody is told, from evidence, who receives whom, and why somebody does not.
import { causeTexts } from '@parley/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';

/** Three browsers on two cores: evidence comes late, and is not missed. */
const CONFIRMED_MS = 20_000;
/** Within this everybody knows that a sender has fallen silent. */
const NOTICED_MS = 20_000;

let server: ParleyServer;
let room: string;
let ada: Participant;
let bob: Participant;
let cleo: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  const arrive = (name: string, colour: Participant['media']['colour'], hz: number, devices?: 'refused') =>
    Participant.arrive({ name, server: server.url, colour, hz, ...(devices ? { devices } : {}) });
  [room, ada, bob, cleo] = await Promise.all([
    server.newRoom(),
    arrive('Ada', 'red', 440),
    arrive('Bob', 'blue', 660),
    arrive('Cleo', 'yellow', 880, 'refused'),
  ]);
  // So that the test can take the picture away from the connection, as a camera does that gives nothing.
  await ada.page.addInitScript(() => {
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

/** The lines about one stream, as a person reads them; the panel is opened for it. */
async function linesAbout(participant: Participant, stream: string): Promise<string[]> {
  const panel = participant.page.getByRole('dialog', { name: 'Who can see me' });
  if (!(await panel.isVisible())) await participant.press('Who can see me');
  const others = panel.locator('details:not([open]) > summary');
  if (await others.count()) await others.click();
  return panel.getByRole('region', { name: stream, exact: true }).getByRole('listitem').allTextContents();
}

const expectLines = (participant: Participant, stream: string, lines: string[], timeout: number) =>
  expect
    .poll(() => linesAbout(participant, stream), {
      timeout,
      message: `${participant.name} reads about ${stream}`,
    })
    .toEqual(lines);

/** Takes the picture out of what Ada sends, or puts it back. */
const sendPicture = (sent: boolean) =>
  ada.page.evaluate(async (sent) => {
    const page = globalThis as typeof globalThis & {
      connections: RTCPeerConnection[];
      picture?: { sender: RTCRtpSender; track: MediaStreamTrack | null };
    };
    const senders = page.connections.flatMap((connection) => connection.getSenders());
    const sender = senders.find(({ track }) => track?.kind === 'video');
    page.picture ??= sender && { sender, track: sender.track };
    await page.picture?.sender.replaceTrack(sent ? page.picture.track : null);
  }, sent);

it('says in the lobby that the browser refuses camera and microphone, and in the call to whoever sends nothing', async () => {
  const { participant: sentence, remedy } = causeTexts['no-permission'];
  await cleo.open(room);
  await cleo.page.getByRole('alert').getByText(sentence).waitFor();
  await cleo.join(room);
  await cleo.tile('Cleo').getByText(sentence).waitFor();
  expect(await linesAbout(cleo, 'Your camera')).toEqual([
    `Your camera and microphone: ${sentence} ${remedy}`,
  ]);
});

it('confirms to everyone who receives whom, once it is decoded', async () => {
  await Promise.all([ada.join(room), bob.join(room)]);
  const received = 'The server receives your picture and sound.';
  await expectLines(ada, 'Your camera', [received, 'Cleo – sees you', 'Bob – sees you'], CONFIRMED_MS);
  await expectLines(bob, 'Your camera', [received, 'Cleo – sees you', 'Ada – sees you'], CONFIRMED_MS);
  const about = ['The server receives Ada’s picture and sound.', 'You – see Ada', 'Bob – sees Ada'];
  await expectLines(cleo, 'Ada’s camera', about, CONFIRMED_MS);
  const button = ada.button('Who can see me');
  expect(await button.textContent()).toContain('2/2');
  expect(await button.getAttribute('class')).toContain('well');
});

it('closes with Escape, and gives the focus back to its button', async () => {
  await ada.page.keyboard.press('Escape');
  await ada.page.getByRole('dialog').waitFor({ state: 'hidden' });
  expect(await ada.page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
    'Who can see me',
  );
});

it('tells everyone that a sender’s picture has stopped, on the tile as well, and that it is back', async () => {
  const silent = causeTexts['sender-sends-nothing'].participant;
  const firstLine = async (participant: Participant, stream: string) =>
    (await linesAbout(participant, stream))[0];
  await sendPicture(false);
  const notice = { timeout: NOTICED_MS };
  await expect.poll(() => firstLine(ada, 'Your camera'), notice).toBe(`Being repaired: ${silent}`);
  await expect.poll(() => firstLine(bob, 'Ada’s camera'), notice).toBe(`Being repaired: ${silent}`);
  await bob.tile('Ada').getByText(`Repairing: ${silent}`).waitFor({ timeout: NOTICED_MS });
  await sendPicture(true);
  const about = ['The server receives Ada’s picture and sound.', 'You – see Ada', 'Cleo – sees Ada'];
  await expectLines(bob, 'Ada’s camera', about, CONFIRMED_MS);
  await bob.tile('Ada').getByText(silent).waitFor({ state: 'hidden' });
});
