// The page /check: a participant finds out before a meeting whether it will work, and can copy what was found into a mail.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';

const STEPS = [
  'Camera',
  'Microphone',
  'Connection to the server',
  'Media over UDP',
  'Media over TCP',
  'Media through the relay (TURN)',
  'Throughput down',
  'Throughput up',
];

let server: ParleyServer;
let ada: Participant;
let bob: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  [ada, bob] = await Promise.all([
    Participant.arrive({ name: 'Ada', server: server.url, colour: 'red', hz: 440 }),
    Participant.arrive({ name: 'Bob', server: server.url, colour: 'blue', hz: 880, devices: 'refused' }),
  ]);
});

afterAll(async () => {
  await Promise.all([ada, bob].map((participant) => participant?.goHome()));
  await server?.stop();
});

ParleyServer.showLogOnFailure(() => server);

/** Presses the button and waits for the verdict. */
async function check(participant: Participant): Promise<void> {
  await participant.press('Start the check');
  await participant.button('Copy report').waitFor({ timeout: 50_000 });
}

/** A line as a person reads it: its status, and all its words. */
async function line(participant: Participant, step: string): Promise<{ status: string; words: string }> {
  const item = participant.page.getByRole('listitem', { name: step, exact: true });
  return {
    status: (await item.getAttribute('data-status')) ?? '',
    words: (await item.innerText()).replaceAll('\n', ' '),
  };
}

it('finds everything in order, and the copied report says so line by line', async () => {
  await ada.page.context().grantPermissions(['camera', 'microphone', 'clipboard-read', 'clipboard-write']);
  await ada.open('/');
  await ada.page.getByRole('link', { name: 'Check this device and network' }).click();
  await check(ada);
  for (const step of STEPS) {
    const relay = step === 'Media through the relay (TURN)';
    expect(await line(ada, step), step).toMatchObject({ status: relay ? 'skipped' : 'ok' });
  }
  expect((await line(ada, 'Media over UDP')).words).toMatch(/round trip (under )?\d+ ms/);
  await ada.page.getByRole('heading', { name: 'Ready for a meeting' }).waitFor();

  await ada.press('Copy report');
  await ada.page.getByText('Report copied').waitFor({ state: 'attached' });
  const report = await ada.page.evaluate(() => navigator.clipboard.readText());
  expect(report).toContain('Parley check: Ready for a meeting');
  expect(report).toContain(`Server: ${ada.line.url}`);
  const lines = report.split('\n').map((text) => text.replace(/^\[(OK|Skipped)\] ([^:]+):.*/, '$2'));
  expect(lines).toEqual(expect.arrayContaining(STEPS));
  const observer = await server.observe();
  await expect.poll(() => observer.objects(), { timeout: 20_000 }).toEqual([]);
});

it('without permission and without UDP it goes on, and says what is wrong and what to do', async () => {
  // As behind a firewall: what is sent to the media server's UDP address goes nowhere.
  await bob.page.addInitScript(() => {
    type Apply = (this: RTCPeerConnection, description: RTCSessionDescriptionInit) => Promise<void>;
    const { prototype } = RTCPeerConnection as { prototype: { setRemoteDescription: Apply } };
    const apply = prototype.setRemoteDescription;
    prototype.setRemoteDescription = function (description) {
      const sdp = description.sdp?.replace(/^(a=candidate:\S+ \S+ udp \S+ \S+) \d+/gim, '$1 9');
      return apply.call(this, { ...description, sdp });
    };
  });
  await bob.open('/check');
  await check(bob);
  for (const step of ['Camera', 'Microphone']) {
    const { status, words } = await line(bob, step);
    expect(status).toBe('problem');
    expect(words).toContain('The browser was not allowed to use the camera or microphone.');
  }
  const udp = await line(bob, 'Media over UDP');
  expect(udp.status).toBe('warning');
  expect(udp.words).toContain('This network lets nothing through to the server over UDP.');
  expect(udp.words).toContain('Calls go over TCP instead');
  expect(udp.words).toContain('open the media port for UDP');
  expect((await line(bob, 'Media over TCP')).status).toBe('ok');
  await bob.page.getByRole('heading', { name: 'A call works from here, with limits' }).waitFor();
});
