// The identifiers that travel between the parts. Opaque to whoever receives them; branded so that they cannot be mixed up.
import { z } from 'zod';

const opaqueId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{8,64}$/, 'must be 8 to 64 characters of A-Z, a-z, 0-9, "_" or "-"');

/** A room's link: 128 random bits, base64url. Whoever knows it may enter. */
export const RoomId = opaqueId.brand<'RoomId'>();
export type RoomId = z.infer<typeof RoomId>;

/** One person's presence in one room. */
export const ParticipantId = opaqueId.brand<'ParticipantId'>();
export type ParticipantId = z.infer<typeof ParticipantId>;

/** One camera or one screen of one participant; travels to the media server as the tag `stream`. */
export const StreamId = opaqueId.brand<'StreamId'>();
export type StreamId = z.infer<typeof StreamId>;

/** One press of "Record" in a room. */
export const RecordingId = opaqueId.brand<'RecordingId'>();
export type RecordingId = z.infer<typeof RecordingId>;

/** One file of a recording: one stream, from when its recorder was added until it was removed. */
export const PieceId = opaqueId.brand<'PieceId'>();
export type PieceId = z.infer<typeof PieceId>;
