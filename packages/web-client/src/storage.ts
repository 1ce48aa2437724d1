// What this browser remembers between visits. Every value is checked when read: anyone may have written there.
import { Resume, RoomId } from '@parley/protocol';
import { z } from 'zod';

const PREFIX = 'parley.';
/** Rooms remembered for the list of recordings; the oldest are forgotten. */
const MOST_ROOMS = 50;

/** Rooms of which this browser is the owner; the oldest are forgotten. */
const MOST_OWNED = 500;

const OwnerKeys = z.array(z.object({ room: RoomId, key: z.string().max(64) })).catch([]);
const Rooms = z.array(RoomId).catch([]);
const Text = z.string().max(200).catch('');

export function rememberedName(): string {
  return Text.parse(read('name'));
}

export function rememberName(name: string): void {
  write('name', name);
}

export function rememberedDevice(kind: 'camera' | 'microphone'): string {
  return Text.parse(read(kind));
}

export function rememberDevice(kind: 'camera' | 'microphone', id: string): void {
  write(kind, id);
}

/** Rooms that were entered from this browser, latest first. */
export function rememberedRooms(): RoomId[] {
  return Rooms.parse(read('rooms'));
}

export function rememberRoom(room: RoomId): void {
  write('rooms', [room, ...rememberedRooms().filter((other) => other !== room)].slice(0, MOST_ROOMS));
}

/** Of a room that was opened in this browser: what makes it the room's owner. */
export function rememberedOwnerKey(room: RoomId): string | undefined {
  return OwnerKeys.parse(read('owner')).find((owned) => owned.room === room)?.key;
}

export function rememberOwnerKey(room: RoomId, key: string): void {
  write('owner', [{ room, key }, ...OwnerKeys.parse(read('owner'))].slice(0, MOST_OWNED));
}

/**
 * Who this tab was in the room before it was loaded anew; undefined after any other way here: a tab that was duplicated
 * has a copy of what the first one stored, and must not take its place.
 */
export function rememberedResume(room: RoomId): Resume | undefined {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (navigation?.type !== 'reload') return undefined;
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(`${PREFIX}resume.${room}`) ?? 'null');
    return Resume.nullable().catch(null).parse(stored) ?? undefined;
  } catch (error) {
    console.info('this tab does not know who it was', error);
    return undefined;
  }
}

export function rememberResume(room: RoomId, resume: Resume | undefined): void {
  try {
    if (resume) sessionStorage.setItem(`${PREFIX}resume.${room}`, JSON.stringify(resume));
    else sessionStorage.removeItem(`${PREFIX}resume.${room}`);
  } catch (error) {
    console.info('this tab does not remember who it is', error);
  }
}

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key) ?? 'null') as unknown;
  } catch (error) {
    console.info('nothing is remembered: storage is forbidden or damaged', error);
    return null;
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch (error) {
    console.info('this browser does not remember anything for this page', error);
  }
}
