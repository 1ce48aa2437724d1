// What the HTTP API under /api takes and gives. Recordings are reached through their room: its id is the key to them.
import { z } from 'zod';
import { PieceId, RecordingId, RoomId } from './ids.ts';
import { StreamKind } from './signalling.ts';

/** `POST /api/rooms` → 201, `GET /api/rooms/:room` → 200 or 404. */
export const RoomResponse = z.object({ id: RoomId, createdAt: z.number(), participants: z.number().int() });
export type RoomResponse = z.infer<typeof RoomResponse>;

/** The answer to `POST /api/rooms` and to nothing else: who has `ownerKey` owns the room (docs/decisions/0027). */
export const NewRoomResponse = RoomResponse.extend({ ownerKey: z.string().min(1).max(64) });
export type NewRoomResponse = z.infer<typeof NewRoomResponse>;

/** Times are ms since 1970 by the server's clock; `endedAt` null: still running. */
export const PieceDescription = z.object({
  id: PieceId,
  participantName: z.string(),
  kind: StreamKind,
  audio: z.boolean(),
  video: z.boolean(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  bytes: z.number().int(),
  /** `GET` gives the file, with range requests. */
  url: z.string(),
});
export type PieceDescription = z.infer<typeof PieceDescription>;

export const RecordingDescription = z.object({
  id: RecordingId,
  room: RoomId,
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  pieces: z.array(PieceDescription),
});
export type RecordingDescription = z.infer<typeof RecordingDescription>;

/**
 * `GET /api/rooms/:room/recordings`, newest first. `DELETE /api/rooms/:room/recordings/:recording` with `Authorization: Bearer
 * <ownerKey>` → 204 without a body; 403 (`not-owner`, `foreign-origin`), 404, 409 (`still-running`, `kept-elsewhere`).
 */
export const RecordingsResponse = z.object({ recordings: z.array(RecordingDescription) });
export type RecordingsResponse = z.infer<typeof RecordingsResponse>;

/** `GET /api/health`: 200 when `ready`, else 503. */
export const HealthResponse = z.object({
  ready: z.boolean(),
  mediaServer: z.enum(['connected', 'unreachable']),
  database: z.enum(['connected', 'unreachable']),
  /** Whoever asked came through a proxy that is not named in TRUST_PROXY, as far as can be told. */
  undeclaredProxy: z.boolean().optional(),
});
export type HealthResponse = z.infer<typeof HealthResponse>;

/** `GET /api/check/bytes?size=` gives at most this many bytes without meaning; more would say no more of a network. */
export const MAX_CHECK_DOWN_BYTES = 8_388_608;
/** `POST /api/check/bytes` takes at most this many at a time: what proxies let through if nobody told them otherwise. */
export const MAX_CHECK_UP_BYTES = 1_000_000;

/**
 * `POST /api/admin/login` → 200 and a cookie, 401 (`wrong-token`) or 429; `POST /api/admin/logout` → 200. Everything else under
 * /api/admin needs the cookie, or `Authorization: Bearer <token>`, and is 401 (`not-logged-in`) without: `GET` of `…/sessions`,
 * `…/sessions/:id` (`SessionTrace`), `…/sessions/:id.json` (the same as a file), `…/sessions/:id/events` (server-sent events:
 * one when the session has changed, at most one a second).
 */
export const AdminLoginRequest = z.object({ token: z.string().min(1).max(256) });
export type AdminLoginRequest = z.infer<typeof AdminLoginRequest>;
export const AdminLoginResponse = z.object({});
export type AdminLoginResponse = z.infer<typeof AdminLoginResponse>;

/** Every refused request under /api. */
export const ErrorResponse = z.object({ reason: z.string(), message: z.string() });
export type ErrorResponse = z.infer<typeof ErrorResponse>;
