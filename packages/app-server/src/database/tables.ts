// The rows of the database as types. Times are ms since 1970; booleans are 0 or 1, which both databases have.
import type { PieceId, RecordingId, RoomId, StreamKind } from '@parley/protocol';

/** `owner_hash`: of the owner's key, SHA-256 in base64url; null: of before rooms had owners. */
export interface RoomRow {
  id: RoomId;
  created_at: number;
  owner_hash: string | null;
}

/** `ended_at` null: still running, or the process died. `installation` null: of before there was this column. */
export interface RecordingRow {
  id: RecordingId;
  room_id: RoomId;
  started_at: number;
  ended_at: number | null;
  installation: string | null;
}

/** `started_at` null: nothing has reached the file yet. */
export interface PieceRow {
  id: PieceId;
  recording_id: RecordingId;
  participant_name: string;
  kind: StreamKind;
  audio: number;
  video: number;
  started_at: number | null;
  ended_at: number | null;
}

export interface Tables {
  rooms: RoomRow;
  recordings: RecordingRow;
  pieces: PieceRow;
}
