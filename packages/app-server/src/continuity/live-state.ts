// What the next life of this server needs to carry on, as it is kept in a file: who is in which room, what runs on the media
// server, and what is being recorded. No secret of a participant: only what a secret can be compared with.
import { ParticipantId, PieceId, RecordingId, RoomId, StreamId, StreamKind } from '@parley/protocol';
import { z } from 'zod';

/** One negotiated endpoint. `ufrag`: of the offer that it has processed, if that had one. */
export const HeldLeg = z.object({ endpoint: z.string(), ufrag: z.string().optional() });
export type HeldLeg = z.infer<typeof HeldLeg>;

/** A stream that runs. */
export const HeldStream = z.object({
  id: StreamId,
  participant: ParticipantId,
  kind: StreamKind,
  audio: z.boolean(),
  video: z.boolean(),
  muted: z.boolean(),
  pipeline: z.string(),
  up: HeldLeg,
  downs: z.array(HeldLeg.extend({ viewer: ParticipantId })),
});
export type HeldStream = z.infer<typeof HeldStream>;

/** `secretHash`: SHA-256, base64url. */
export const HeldParticipant = z.object({ id: ParticipantId, name: z.string(), secretHash: z.string() });
export type HeldParticipant = z.infer<typeof HeldParticipant>;

/** A file that is being written, since `startedAt` (ms since 1970): `element` is its recorder on the media server. */
export const HeldPiece = z.object({
  id: PieceId,
  stream: StreamId,
  element: z.string(),
  startedAt: z.number(),
});
export type HeldPiece = z.infer<typeof HeldPiece>;

/** A recording that everybody in the room was told of. `startedAt` in ms since 1970. */
export const HeldRecording = z.object({
  id: RecordingId,
  startedBy: ParticipantId,
  startedAt: z.number(),
  pieces: z.array(HeldPiece),
});
export type HeldRecording = z.infer<typeof HeldRecording>;

export const HeldRoom = z.object({
  id: RoomId,
  participants: z.array(HeldParticipant),
  streams: z.array(HeldStream),
  recording: HeldRecording.optional(),
});
export type HeldRoom = z.infer<typeof HeldRoom>;

/** `aliveAt`: when the server was last known to run, in ms since 1970. */
export const LiveState = z.object({ version: z.literal(1), aliveAt: z.number(), rooms: z.array(HeldRoom) });
export type LiveState = z.infer<typeof LiveState>;
