// What this browser remembers between visits. Every value is checked when read: anyone may have written there.
import { RoomId } from '@parley/protocol';
import { z } from 'zod';

const PREFIX = 'parley.';
/** Rooms remembered for the list of recordings; the oldest are forgotten. */
const MOST_ROOMS = 50;

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
