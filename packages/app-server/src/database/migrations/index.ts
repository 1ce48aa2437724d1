// All migrations by name. They run in the order of their names, each once; a published one is never changed.
import type { Migration } from 'kysely';
import { roomsAndRecordings } from './0001-rooms-and-recordings.ts';
import { whoseRecording } from './0002-whose-recording.ts';
import { owners } from './0003-owners.ts';

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-rooms-and-recordings': roomsAndRecordings,
  '0002-whose-recording': whoseRecording,
  '0003-owners': owners,
};
