// Who may delete a recording, which one, and what is left of it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ErrorResponse, NewRoomResponse, RecordingsResponse, type RoomId } from '@parley/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../database/database.ts';
import { Harness, silent } from '../testing/harness.ts';
import type { TestBrowser } from '../testing/test-browser.ts';

let harness: Harness;
let room: RoomId;
let ownerKey: string;
let ada: TestBrowser;
beforeEach(async () => {
  harness = await Harness.start();
  ({ id: room, ownerKey } = await openRoom());
  ada = await harness.joined(room);
  await harness.broadcast(ada);
});
afterEach(() => harness.close());

async function openRoom(): Promise<NewRoomResponse> {
  const response = await fetch(`${harness.server.url}/api/rooms`, { method: 'POST' });
  return NewRoomResponse.parse(await response.json());
}

async function recorded(): Promise<string> {
  const { id } = await ada.request('startRecording', {});
  await ada.request('stopRecording', {});
  return id;
}

async function list() {
  const response = await fetch(`${harness.server.url}/api/rooms/${room}/recordings`);
  return RecordingsResponse.parse(await response.json()).recordings;
}

const remove = (
  recording: string,
  key: string | undefined = ownerKey,
  headers: Record<string, string> = {},
) =>
  fetch(`${harness.server.url}/api/rooms/${room}/recordings/${recording}`, {
    method: 'DELETE',
    headers: { ...(key === '' ? {} : { authorization: `Bearer ${key}` }), ...headers },
  });

async function reasonOf(response: Response): Promise<[number, string]> {
  return [response.status, ErrorResponse.parse(await response.json()).reason];
}

const folderOf = (recording: string) => join(harness.dataDir, 'recordings', room, recording);

test('the owner deletes one recording with its files, and everybody in the room is told', async () => {
  const [first, second] = [await recorded(), await recorded()];
  const bob = await harness.joined(room, 'Bob');
  expect((await remove(first)).status).toBe(204);
  expect(await bob.hears('recordingDeleted')).toEqual({ recording: first });
  expect((await list()).map(({ id }) => id)).toEqual([second]);
  expect([first, second].map((id) => existsSync(folderOf(id)))).toEqual([false, true]);
  expect(await reasonOf(await remove(first))).toEqual([404, 'not-found']);
});

test('nobody else deletes anything: not who is in the room, not the owner of another one, no other page', async () => {
  const recording = await recorded();
  const other = await openRoom();
  for (const key of ['', 'a-guess', room, other.ownerKey, `${ownerKey}x`])
    expect(await reasonOf(await remove(recording, key))).toEqual([403, 'not-owner']);
  const foreign = { origin: 'https://elsewhere.example' };
  expect(await reasonOf(await remove(recording, ownerKey, foreign))).toEqual([403, 'foreign-origin']);
  // The key of a room opens that room only.
  const elsewhere = `${harness.server.url}/api/rooms/${other.id}/recordings/${recording}`;
  const headers = { authorization: `Bearer ${other.ownerKey}` };
  expect(await reasonOf(await fetch(elsewhere, { method: 'DELETE', headers }))).toEqual([404, 'not-found']);
  expect((await list()).map(({ id }) => id)).toEqual([recording]);
  expect(existsSync(folderOf(recording))).toBe(true);
});

test('the key is told once, and not to who looks the room up', async () => {
  const response = await fetch(`${harness.server.url}/api/rooms/${room}`);
  expect(await response.text()).not.toContain('owner');
});

test('a recording that runs is stopped first', async () => {
  const { id } = await ada.request('startRecording', {});
  expect(await reasonOf(await remove(id))).toEqual([409, 'still-running']);
  await ada.request('stopRecording', {});
  expect((await remove(id)).status).toBe(204);
});

// `..` alone never leaves the client, which takes it for a way up.
test.each(['..%2f..', '%2e%2e%2fx', 'x', 'a'.repeat(22)])(
  'a recording that is none (%s) is not found',
  async (id) => {
    await recorded();
    expect(await reasonOf(await remove(id))).toEqual([404, 'not-found']);
    expect(await list()).toHaveLength(1);
  },
);

test('what another installation recorded, or a room of before there were owners has, is left alone', async () => {
  const recording = await recorded();
  const database = await openDatabase({ file: join(harness.dataDir, 'parley.db') }, silent);
  await database.updateTable('recordings').set({ installation: 'theirs' }).execute();
  expect(await reasonOf(await remove(recording))).toEqual([409, 'kept-elsewhere']);
  await database.updateTable('rooms').set({ owner_hash: null }).execute();
  expect(await reasonOf(await remove(recording))).toEqual([403, 'not-owner']);
  await database.destroy();
  expect(existsSync(folderOf(recording))).toBe(true);
});
