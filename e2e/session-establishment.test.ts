// docs/session-establishment.md: its diagrams come from traces of the four flows and of a recording, run here by two
// participants, and are compared with what is written there.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SessionTrace, toMermaid, type TraceEntry } from '@parley/protocol';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Admin } from './src/admin.ts';
import { documentOf, UPDATE, type Diagrams } from './src/establishment/document.ts';
import { settled } from './src/establishment/settled-trace.ts';
import { ParleyServer } from './src/parley-server.ts';
import { Participant } from './src/participant.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/session-establishment.md', import.meta.url));

let server: ParleyServer;
let admin: Admin;
let ada: Participant;
let bob: Participant;

beforeAll(async () => {
  server = await ParleyServer.start();
  [admin, ada, bob] = await Promise.all([
    Admin.signIn(server.url, server.adminToken()),
    Participant.arrive({ name: 'Ada', server: server.url, colour: 'red', hz: 440 }),
    Participant.arrive({ name: 'Bob', server: server.url, colour: 'cyan', hz: 660 }),
  ]);
});

afterAll(async () => {
  await Promise.all([ada, bob].map((participant) => participant?.goHome()));
  await server?.stop();
});

ParleyServer.showLogOnFailure(() => server);

it('is what docs/session-establishment.md says', async () => {
  const room = await server.newRoom();
  const test = await runTest(room);
  // Once for each of the two flows.
  const asked = test.entries.filter(({ name }) => name === 'requestTest').map(({ number }) => number);
  const camera = await runCall(room);
  const written = documentOf({
    testRecord: diagram(test, ({ leg, number }) => leg?.kind === 'testRecord' || number === asked[0]),
    testPlayback: diagram(test, ({ leg, number }) => leg?.kind === 'testPlayback' || number === asked[1]),
    ...camera,
  });
  if (process.env['UPDATE_DOCS']) writeFileSync(DOCUMENT, written);
  const present = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '';
  expect(written, `the program does something else than the document says; if it should: ${UPDATE}`).toBe(
    present,
  );
}, 120_000);

it('is shown by the inspector, to whoever has the token', async () => {
  const { page } = ada;
  await ada.open('/admin');
  const token = page.getByLabel('Administrator’s token');
  await token.fill('a guess');
  await ada.press('Sign in');
  await page.getByRole('alert').getByText('not the administrator’s token').waitFor();
  await token.fill(server.adminToken());
  await ada.press('Sign in');
  await page.getByRole('link', { name: /^Ada/ }).click();
  await page.getByRole('status').getByText('It has ended').waitFor();

  await page.getByRole('button', { name: /Browser to Application server: startBroadcast/ }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Browser → Application server').waitFor();

  const mermaid = await downloaded(page.getByRole('button', { name: 'Download Mermaid' }));
  expect(mermaid).toMatch(/^sequenceDiagram\n/);
  const json = await downloaded(page.getByRole('link', { name: 'Download JSON' }));
  expect(SessionTrace.parse(JSON.parse(json))).toMatchObject({ kind: 'camera', participantName: 'Ada' });
});

async function downloaded(button: Locator): Promise<string> {
  const [download] = await Promise.all([button.page().waitForEvent('download'), button.click()]);
  return readFileSync(await download.path(), 'utf8');
}

/** Flows 1 and 2. */
async function runTest(room: string): Promise<SessionTrace> {
  await ada.open(room);
  await ada.press('Test camera and microphone');
  const status = ada.page.getByRole('group', { name: 'Test of camera and microphone' }).getByRole('status');
  await ada.press('Record');
  await status.getByText('were recorded').waitFor();
  await ada.press('Play back');
  await status.getByText('If you saw and heard yourself').waitFor();
  await ada.press('End the test');
  return admin.until('test', null, 'the test has ended', ({ endedAt }) => endedAt !== null);
}

/** Flows 3 and 4, with a recorder in between. */
async function runCall(room: string): Promise<Pick<Diagrams, 'broadcast' | 'playback' | 'recording'>> {
  await bob.join(room);
  await ada.join(room);
  const until = (what: string, fulfilled: (trace: SessionTrace) => boolean) =>
    admin.until('camera', 'Ada', what, fulfilled);
  await until('Bob receives Ada, and both browsers have told what they saw', (trace) => {
    const seen = (name: string, kind: 'up' | 'down') =>
      trace.entries.some(({ name: other, leg }) => other === name && leg?.kind === kind);
    return seen('selected-pair', 'up') && seen('selected-pair', 'down') && seen('first-frame', 'down');
  });
  await ada.press('Record');
  await until('Ada is recorded', ({ entries }) => entries.some(({ name }) => name === 'Recording'));
  await ada.press('Stop recording');
  await until('the recorder is released', ({ entries }) => entries.some(releasesRecorder));
  await ada.press('Leave');
  const trace = await until(
    'Ada is gone',
    ({ endedAt, entries }) => endedAt !== null && entries.every(({ outcome }) => outcome !== 'pending'),
  );
  const begin = trace.entries.find(({ facts }) => facts['type'] === 'RecorderEndpoint')?.at ?? Infinity;
  const end = trace.entries.find(releasesRecorder)?.at ?? -Infinity;
  const recorders = ({ leg, at }: TraceEntry) => leg === null && at >= begin && at <= end;
  return {
    broadcast: diagram(trace, (entry) => entry.leg?.kind !== 'down' && !recorders(entry)),
    playback: diagram(trace, ({ leg }) => leg?.kind === 'down'),
    recording: diagram(trace, recorders),
  };
}

function releasesRecorder({ name, facts, outcome }: TraceEntry): boolean {
  return name === 'release' && facts['object'] === 'RecorderEndpoint' && outcome === 'ok';
}

function diagram(trace: SessionTrace, choose: (entry: TraceEntry) => boolean): string {
  return toMermaid(settled(trace, choose), { times: false, browsers: 'each', onlyUsedLanes: true });
}
