import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openDatabase, type Database } from '../database/database.ts';
import { RoomRepository } from '../database/room-repository.ts';
import { silent } from '../testing/harness.ts';
import type { Notify, Seat } from './participant.ts';
import { MAX_PARTICIPANTS, RoomRegistry } from './room-registry.ts';

let folder: string;
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-rooms-'));
  database = await openDatabase({ file: join(folder, 'parley.db') }, silent);
});
afterAll(async () => {
  await database.destroy();
  await rm(folder, { recursive: true });
});

const seat = (notify: Notify): Seat => ({ notify, replaced: () => undefined });
const quiet = seat(() => undefined);

test('a room is full at a hundred, and open again when one leaves', async () => {
  const repository = new RoomRepository(database);
  const { id } = await repository.create(1, 'hash');
  const rooms = new RoomRegistry(repository);
  const guests = Array.from({ length: MAX_PARTICIPANTS }, (_, n) => rooms.enter(id, `Guest ${n}`, quiet));
  expect(() => rooms.enter(id, 'Late', quiet)).toThrow('full');
  const [first] = guests;
  if (first) rooms.remove(first);
  expect(rooms.enter(id, 'Late', quiet).room.participants.size).toBe(MAX_PARTICIPANTS);
});

test('those who are there are told of who enters, and who enters is not', async () => {
  const repository = new RoomRepository(database);
  const { id } = await repository.create(1, 'hash');
  const rooms = new RoomRegistry(repository);
  const [first, second] = [vi.fn(), vi.fn()];
  rooms.enter(id, 'Ada', seat(first));
  const bob = rooms.enter(id, 'Bob', seat(second));
  expect(first).toHaveBeenCalledExactlyOnceWith('participantJoined', { participant: bob.describe() });
  expect(second).not.toHaveBeenCalled();
});

test('an empty room is freed and stays in the database', async () => {
  const repository = new RoomRepository(database);
  const { id } = await repository.create(1, 'hash');
  const rooms = new RoomRegistry(repository);
  const ada = rooms.enter(id, 'Ada', quiet);
  rooms.remove(ada);
  rooms.remove(ada);
  expect(rooms.all()).toEqual([]);
  await rooms.checkExists(id);
  expect(rooms.enter(id, 'Bob', quiet).room).not.toBe(ada.room);
});

test('a room is found by its whole id only, in which nothing is a wildcard', async () => {
  const repository = new RoomRepository(database);
  const { id } = await repository.create(1, 'hash');
  const rooms = new RoomRegistry(repository);
  await rooms.checkExists(id);
  const others = [
    `${id.slice(0, -1)}_`,
    '_'.repeat(id.length),
    `${id.slice(0, 8)}%`,
    id.slice(0, -1),
    `${id}x`,
  ];
  for (const other of others)
    await expect(rooms.checkExists(other as typeof id)).rejects.toMatchObject({ reason: 'room-gone' });
});
