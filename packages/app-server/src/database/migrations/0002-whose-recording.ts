// Which installation makes a recording: several may share a database, and one that starts ends only what was its own.
// Recordings of before have none.
import type { Kysely, Migration } from 'kysely';

export const whoseRecording: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const tables = await db.introspection.getTables();
    const recordings = tables.find(({ name }) => name === 'recordings');
    // Done already, by a process that was killed after it.
    if (recordings?.columns.some(({ name }) => name === 'installation')) return;
    await db.schema.alterTable('recordings').addColumn('installation', 'text').execute();
  },
};
