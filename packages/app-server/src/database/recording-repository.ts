// Recordings and their pieces as rows.
import type { PieceId, RecordingId, RoomId } from '@parley/protocol';
import type { Database } from './database.ts';
import type { PieceRow, RecordingRow } from './tables.ts';

export type RecordingWithPieces = RecordingRow & { pieces: PieceRow[] };

/** How many recordings of a room are listed: each costs a look at its files. */
export const MAX_LISTED = 200;

export class RecordingRepository {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async add(recording: RecordingRow): Promise<void> {
    await this.#database.insertInto('recordings').values(recording).execute();
  }

  /** Ends a recording; one that has no pieces is removed: there is nothing to be played. */
  async end(id: RecordingId, at: number): Promise<void> {
    await this.#database.updateTable('recordings').set({ ended_at: at }).where('id', '=', id).execute();
    await this.#database
      .deleteFrom('recordings')
      .where('id', '=', id)
      .where((row) =>
        row.not(
          row.exists(row.selectFrom('pieces').select('pieces.id').where('pieces.recording_id', '=', id)),
        ),
      )
      .execute();
  }

  /** Removes a recording that has no pieces. */
  async remove(id: RecordingId): Promise<void> {
    await this.#database.deleteFrom('recordings').where('id', '=', id).execute();
  }

  /** A recording only by way of its room. */
  async find(room: RoomId, recording: RecordingId): Promise<RecordingRow | undefined> {
    return this.#database
      .selectFrom('recordings')
      .selectAll()
      .where('room_id', '=', room)
      .where('id', '=', recording)
      .executeTakeFirst();
  }

  /** Removes a recording with its pieces; does nothing when it is not there any more. */
  async removeWhole(id: RecordingId): Promise<void> {
    await this.#database.deleteFrom('pieces').where('recording_id', '=', id).execute();
    await this.remove(id);
  }

  async addPiece(piece: PieceRow): Promise<void> {
    await this.#database.insertInto('pieces').values(piece).execute();
  }

  async updatePiece(id: PieceId, times: Partial<Pick<PieceRow, 'started_at' | 'ended_at'>>): Promise<void> {
    await this.#database.updateTable('pieces').set(times).where('id', '=', id).execute();
  }

  async removePiece(id: PieceId): Promise<void> {
    await this.#database.deleteFrom('pieces').where('id', '=', id).execute();
  }

  /** A piece only by way of its room and its recording: the room's id is the key to it. */
  async findPiece(room: RoomId, recording: RecordingId, piece: PieceId): Promise<PieceRow | undefined> {
    return this.#database
      .selectFrom('pieces')
      .innerJoin('recordings', 'recordings.id', 'pieces.recording_id')
      .selectAll('pieces')
      .where('recordings.room_id', '=', room)
      .where('recordings.id', '=', recording)
      .where('pieces.id', '=', piece)
      .executeTakeFirst();
  }

  /** The newest first, and at most `MAX_LISTED`; the pieces in the order of their start, those without one last. */
  async ofRoom(room: RoomId): Promise<RecordingWithPieces[]> {
    const recordings = await this.#database
      .selectFrom('recordings')
      .selectAll()
      .where('room_id', '=', room)
      .orderBy('started_at', 'desc')
      .limit(MAX_LISTED)
      .execute();
    return this.#withPieces(recordings);
  }

  /** Those of an installation that were never ended: at start, because the process died. */
  async unfinished(installation: string): Promise<RecordingWithPieces[]> {
    const recordings = await this.#database
      .selectFrom('recordings')
      .selectAll()
      .where('ended_at', 'is', null)
      .where((row) => row.or([row('installation', '=', installation), row('installation', 'is', null)]))
      .execute();
    return this.#withPieces(recordings);
  }

  async #withPieces(recordings: RecordingRow[]): Promise<RecordingWithPieces[]> {
    if (recordings.length === 0) return [];
    const ids = recordings.map(({ id }) => id);
    const pieces = await this.#database
      .selectFrom('pieces')
      .selectAll()
      .where('recording_id', 'in', ids)
      .execute();
    const order = ({ started_at }: PieceRow) => started_at ?? Number.MAX_SAFE_INTEGER;
    pieces.sort((a, b) => order(a) - order(b) || (a.id < b.id ? -1 : 1));
    return recordings.map((recording) => ({
      ...recording,
      pieces: pieces.filter(({ recording_id }) => recording_id === recording.id),
    }));
  }
}
