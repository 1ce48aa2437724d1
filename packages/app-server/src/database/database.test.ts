// The same repository tests on both databases.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import Libsql from 'libsql';
import { PieceId, RecordingId, RoomId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../new-id.ts';
import { silent } from '../testing/harness.ts';
import { answers, openDatabase, type Database, type DatabaseAddress } from './database.ts';
import { MAX_LISTED, RecordingRepository } from './recording-repository.ts';
import { RoomRepository } from './room-repository.ts';
import type { PieceRow } from './tables.ts';

interface Engine {
  address: DatabaseAddress;
  close(): Promise<void>;
}

const engines: [string, () => Promise<Engine>][] = [
  [
    'libsql',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'parley-db-'));
      const close = () => rm(folder, { recursive: true });
      return { address: { file: join(folder, 'parley.db') }, close };
    },
  ],
  [
    'PostgreSQL',
    async () => {
      const db = await PGlite.create();
      const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: 20 });
      await server.start();
      const close = async () => {
        await server.stop();
        await db.close();
      };
      return { address: { url: `postgres://postgres@${server.getServerConn()}/postgres` }, close };
    },
  ],
];

test('a process that is killed between two steps of a migration does not keep the next one from starting', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-db-'));
  const file = join(folder, 'parley.db');
  const killed = new Libsql(file);
  killed.exec('create table rooms (id text primary key, created_at bigint not null)');
  killed.exec(
    'create table recordings (id text primary key, room_id text, started_at bigint, ended_at bigint)',
  );
  killed.exec('alter table recordings add column installation text');
  killed.exec('alter table rooms add column owner_hash text');
  killed.close();
  const database = await openDatabase({ file }, silent);
  expect(await new RecordingRepository(database).unfinished('ours')).toEqual([]);
  await database.destroy();
  await rm(folder, { recursive: true });
});

describe.each(engines)('%s', (_name, start) => {
  let engine: Engine;
  let database: Database;
  let rooms: RoomRepository;
  let recordings: RecordingRepository;
  beforeAll(async () => {
    engine = await start();
    database = await openDatabase(engine.address, silent);
    rooms = new RoomRepository(database);
    recordings = new RecordingRepository(database);
  }, 60_000);
  afterAll(async () => {
    await database.destroy();
    await engine.close();
  });

  const piece = (recording: RecordingId, startedAt: number | null): PieceRow => ({
    id: newId(PieceId),
    recording_id: recording,
    participant_name: 'Zoë 🙂 "quoted"; drop table rooms',
    kind: 'screen',
    audio: 0,
    video: 1,
    started_at: startedAt,
    ended_at: null,
  });

  test('keeps rooms, with times as numbers', async () => {
    const now = 1_763_800_000_123;
    const room = await rooms.create(now, 'hash');
    expect(await rooms.find(room.id)).toEqual({ id: room.id, created_at: now, owner_hash: 'hash' });
    expect(await rooms.find(newId(RoomId))).toBeUndefined();
  });

  test('gives a room’s recordings newest first, with their pieces in order', async () => {
    const [room, other] = [await rooms.create(1, 'hash'), await rooms.create(1, 'hash')];
    const ids = [newId(RecordingId), newId(RecordingId), newId(RecordingId)] as const;
    for (const [index, id] of ids.entries())
      await recordings.add({
        id,
        room_id: index === 2 ? other.id : room.id,
        started_at: 1_763_800_000_000 + index,
        ended_at: null,
        installation: 'ours',
      });
    const pieces = [piece(ids[0], null), piece(ids[0], 20), piece(ids[0], 10)] as const;
    for (const row of pieces) await recordings.addPiece(row);
    await recordings.updatePiece(pieces[1].id, { ended_at: 30 });
    await recordings.end(ids[0], 40);
    const listed = await recordings.ofRoom(room.id);
    expect(listed.map(({ id }) => id)).toEqual([ids[1], ids[0]]);
    expect(listed[1]).toEqual({
      id: ids[0],
      room_id: room.id,
      started_at: 1_763_800_000_000,
      ended_at: 40,
      installation: 'ours',
      pieces: [pieces[2], { ...pieces[1], ended_at: 30 }, pieces[0]],
    });
    expect((await recordings.unfinished('ours')).map(({ id }) => id).sort()).toEqual([ids[1], ids[2]].sort());
  });

  test('tells what one installation left unfinished from what another one records', async () => {
    const room = await rooms.create(1, 'hash');
    const [ours, theirs, old] = [newId(RecordingId), newId(RecordingId), newId(RecordingId)];
    const row = { room_id: room.id, started_at: 1, ended_at: null };
    await recordings.add({ ...row, id: ours, installation: 'mine' });
    await recordings.add({ ...row, id: theirs, installation: 'theirs' });
    await recordings.add({ ...row, id: old, installation: null });
    expect((await recordings.unfinished('mine')).map(({ id }) => id).sort()).toEqual([ours, old].sort());
    for (const id of [ours, theirs, old]) await recordings.remove(id);
  });

  test('keeps no recording that ends without a piece', async () => {
    const room = await rooms.create(1, 'hash');
    const [empty, full] = [newId(RecordingId), newId(RecordingId)];
    for (const id of [empty, full])
      await recordings.add({ id, room_id: room.id, started_at: 1, ended_at: null, installation: 'ours' });
    await recordings.addPiece(piece(full, 1));
    for (const id of [empty, full]) await recordings.end(id, 2);
    expect((await recordings.ofRoom(room.id)).map(({ id }) => id)).toEqual([full]);
  });

  test('lists the newest recordings of a room, and not without end', async () => {
    const room = await rooms.create(1, 'hash');
    for (let n = 1; n <= MAX_LISTED + 1; n++)
      await recordings.add({
        id: newId(RecordingId),
        room_id: room.id,
        started_at: n,
        ended_at: n,
        installation: 'ours',
      });
    const listed = await recordings.ofRoom(room.id);
    expect(listed).toHaveLength(MAX_LISTED);
    expect([listed[0]?.started_at, listed.at(-1)?.started_at]).toEqual([MAX_LISTED + 1, 2]);
  });

  test('finds a piece through its own room and recording only, until it is removed', async () => {
    const [room, other] = [await rooms.create(1, 'hash'), await rooms.create(1, 'hash')];
    const id = newId(RecordingId);
    await recordings.add({ id, room_id: room.id, started_at: 1, ended_at: 2, installation: 'ours' });
    const row = piece(id, 1);
    await recordings.addPiece(row);
    expect(await recordings.findPiece(room.id, id, row.id)).toEqual(row);
    expect(await recordings.findPiece(other.id, id, row.id)).toBeUndefined();
    expect(await recordings.findPiece(room.id, newId(RecordingId), row.id)).toBeUndefined();
    await recordings.removePiece(row.id);
    expect(await recordings.findPiece(room.id, id, row.id)).toBeUndefined();
    await recordings.remove(id);
    expect(await recordings.ofRoom(room.id)).toEqual([]);
  });

  test('removes a recording with its pieces, and no other', async () => {
    const room = await rooms.create(1, 'hash');
    const [gone, kept] = [newId(RecordingId), newId(RecordingId)];
    for (const id of [gone, kept]) {
      await recordings.add({ id, room_id: room.id, started_at: 1, ended_at: 2, installation: 'ours' });
      await recordings.addPiece(piece(id, 1));
    }
    expect(await recordings.find(newId(RoomId), gone)).toBeUndefined();
    expect((await recordings.find(room.id, gone))?.ended_at).toBe(2);
    await recordings.removeWhole(gone);
    await recordings.removeWhole(gone);
    expect(await recordings.find(room.id, gone)).toBeUndefined();
    expect((await recordings.ofRoom(room.id)).map(({ id, pieces }) => [id, pieces.length])).toEqual([
      [kept, 1],
    ]);
  });

  test('refuses a recording of a room that does not exist', async () => {
    const row = {
      id: newId(RecordingId),
      room_id: newId(RoomId),
      started_at: 1,
      ended_at: null,
      installation: 'ours',
    };
    await expect(recordings.add(row)).rejects.toThrow();
  });

  test('opens again with what it has, and answers', async () => {
    const room = await rooms.create(5, 'hash');
    const second = await openDatabase(engine.address, silent);
    expect(await new RoomRepository(second).find(room.id)).toEqual({
      id: room.id,
      created_at: 5,
      owner_hash: 'hash',
    });
    expect(await answers(second, silent)).toBe(true);
    await second.destroy();
    expect(await answers(second, silent)).toBe(false);
  });
});
