// Rooms as rows.
import { RoomId } from '@parley/protocol';
import { newId } from '../new-id.ts';
import type { Database } from './database.ts';
import type { RoomRow } from './tables.ts';

export class RoomRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @param ownerHash SHA-256 of the owner's key, base64url */
  async create(now: number, ownerHash: string): Promise<RoomRow> {
    const row: RoomRow = { id: newId(RoomId), created_at: now, owner_hash: ownerHash };
    await this.#database.insertInto('rooms').values(row).execute();
    return row;
  }

  async find(id: RoomId): Promise<RoomRow | undefined> {
    return this.#database.selectFrom('rooms').selectAll().where('id', '=', id).executeTakeFirst();
  }
}
