// Starting and ending: what the operator gets to read, and that nothing stays behind.
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppServerStartError, startAppServer, type AppServerOptions } from './index.ts';
import { Harness, silent } from './testing/harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.close());

function start(options: Partial<AppServerOptions>) {
  return startAppServer({
    host: '127.0.0.1',
    port: 0,
    dataDir: join(harness.dataDir, 'second'),
    clientDir: harness.clientDir,
    mediaServer: { url: harness.kurento.url },
    log: silent,
    ...options,
  });
}

test('a port in use is an error with a code, and what was opened is closed again', async () => {
  const { port } = harness.server;
  const failing = start({ port });
  await expect(failing).rejects.toBeInstanceOf(AppServerStartError);
  await expect(failing).rejects.toMatchObject({ failure: 'cannot-listen', code: 'EADDRINUSE' });
  await (await start({})).close();
});

test('a second start on the same data folder is refused, and does not end what is recorded there', async () => {
  const room = await harness.createRoom();
  const ada = await harness.joined(room);
  await harness.broadcast(ada);
  await ada.request('startRecording', {});
  const { objects } = harness.kurento;
  const before = [...objects.keys()];
  const failing = start({ dataDir: harness.dataDir });
  await expect(failing).rejects.toMatchObject({ failure: 'data-folder-in-use' });
  await expect(failing).rejects.toThrow('another Parley uses the data folder');
  expect([...objects.keys()]).toEqual(before);
  const list = await fetch(`${harness.server.url}/api/rooms/${room}/recordings`);
  expect(await list.json()).toMatchObject({ recordings: [{ endedAt: null }] });
  await harness.restart();
});

test('a data folder that is a file is an error of one line', async () => {
  const dataDir = join(harness.dataDir, 'a-file');
  await writeFile(dataDir, '');
  const failing = start({ dataDir });
  await expect(failing).rejects.toMatchObject({ failure: 'data-folder-not-writable' });
  await expect(failing).rejects.toThrow(/^cannot write to the data folder [^\n]+$/);
});

test('a start that fails after it listens leaves nothing running, and the next one works', async () => {
  const room = await harness.createRoom();
  const ada = await harness.joined(room);
  await harness.broadcast(ada);
  await ada.request('startRecording', {});
  const { port } = harness.server;
  await harness.kill(async (dataDir) => {
    const recordings = join(dataDir, 'recordings', room);
    await rename(recordings, `${recordings}-away`);
    await writeFile(recordings, 'not a folder');
    // Carried on, the recording would not be looked at; whether it was written down in time to be is chance.
    await expect(start({ dataDir, port, carryOn: false })).rejects.toThrow('ENOTDIR');
    const next = createServer().listen(port, '127.0.0.1');
    await once(next, 'listening');
    next.close();
    await rm(recordings);
    await rename(`${recordings}-away`, recordings);
  });
  expect((await fetch(`${harness.server.url}/api/health`)).status).toBe(200);
});

test('a database that is not there is an error of one line without its password', async () => {
  const nobody = createServer().listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const { port } = nobody.address() as { port: number };
  nobody.close();
  await once(nobody, 'close');
  const failing = start({ databaseUrl: `postgres://parley:secret@127.0.0.1:${port}/parley` });
  await expect(failing).rejects.toMatchObject({ failure: 'database-unreachable', code: 'ECONNREFUSED' });
  await expect(failing).rejects.toThrow(
    new RegExp(`^cannot use the database 127.0.0.1:${port}/parley: [^\n]+$`),
  );
  await expect(failing).rejects.not.toThrow(/secret/);
});

test('a file that is no database is an error', async () => {
  const dataDir = join(harness.dataDir, 'third');
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'parley.db'), 'this is a text file, and not even a short one '.repeat(20));
  await expect(start({ dataDir })).rejects.toMatchObject({ failure: 'database-unreachable' });
});

test('starts without a media server', async () => {
  await harness.kurento.stopListening();
  const server = await start({});
  expect((await fetch(`${server.url}/api/health`)).status).toBe(503);
  await server.close();
});

test('keeps its identity over a restart, readable by nobody else, and releases its own orphans', async () => {
  const file = join(harness.dataDir, 'installation');
  const installation = (await readFile(file, 'utf8')).trim();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await harness.server.close();
  harness.kurento.plant('MediaPipeline', { parley: installation });
  const foreign = harness.kurento.plant('MediaPipeline', { parley: 'another installation' });
  await harness.restart();
  expect([...harness.kurento.objects.keys()]).toEqual([foreign.id]);
  expect((await readFile(file, 'utf8')).trim()).toBe(installation);
});

test('what a process that was killed left of tests is deleted at the next start', async () => {
  await harness.kill(async (folder) => writeFile(join(folder, 'tests', 'left-over.webm'), 'somebody’s face'));
  await expect(stat(join(harness.dataDir, 'tests', 'left-over.webm'))).rejects.toThrow('ENOENT');
});

test('closing ends every stream, test and recording on the media server first', async () => {
  const room = await harness.createRoom();
  const [ada, bob] = [await harness.joined(room), await harness.browser()];
  await harness.broadcast(ada);
  await ada.request('startRecording', {});
  await bob.request('startTestRecord', { sdpOffer: 'v=0\r\nm=audio 9 x 0\r\n', audio: true, video: false });
  await Promise.all([harness.server.close(), harness.server.close()]);
  expect(harness.kurento.objects.size).toBe(0);
  expect(harness.kurento.callsOf('stopAndWait')).toHaveLength(2);
});
