// Makes the identifiers that travel: unguessable, because a room's id is the key to the room.
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';

/** 128 random bits, base64url (22 characters), branded by the schema: `newId(RoomId)`. */
export function newId<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
  return schema.parse(randomBytes(16).toString('base64url'));
}
