// By what a room's owner is known: the hash of a key that was given to whoever opened it. Rooms of before have no owner.
import type { Kysely, Migration } from 'kysely';

export const owners: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const tables = await db.introspection.getTables();
    const rooms = tables.find(({ name }) => name === 'rooms');
    // Done already, by a process that was killed after it.
    if (rooms?.columns.some(({ name }) => name === 'owner_hash')) return;
    await db.schema.alterTable('rooms').addColumn('owner_hash', 'text').execute();
  },
};
