// The first tables: rooms, their recordings, and the pieces of those. SQLite's steps are not one transaction, so each may
// have been done already by a process that was killed after it.
import type { Kysely, Migration } from 'kysely';

export const roomsAndRecordings: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('rooms')
      .ifNotExists()
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('recordings')
      .ifNotExists()
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('room_id', 'text', (column) => column.notNull().references('rooms.id'))
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('ended_at', 'bigint')
      .execute();
    await db.schema
      .createIndex('recordings_of_room')
      .ifNotExists()
      .on('recordings')
      .column('room_id')
      .execute();
    await db.schema
      .createTable('pieces')
      .ifNotExists()
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('recording_id', 'text', (column) => column.notNull().references('recordings.id'))
      .addColumn('participant_name', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('audio', 'integer', (column) => column.notNull())
      .addColumn('video', 'integer', (column) => column.notNull())
      .addColumn('started_at', 'bigint')
      .addColumn('ended_at', 'bigint')
      .execute();
    await db.schema
      .createIndex('pieces_of_recording')
      .ifNotExists()
      .on('pieces')
      .column('recording_id')
      .execute();
  },
};
