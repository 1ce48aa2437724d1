import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SendingRoom } from './sending-room.ts';

const MIB = 2 ** 20;
let waiting: number;
let room: SendingRoom;

beforeEach(() => {
  vi.useFakeTimers();
  waiting = 0;
  room = new SendingRoom(() => waiting);
});
afterEach(() => {
  room.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** Whether a promise has resolved by now. */
async function isOver(promise: Promise<void> | undefined): Promise<boolean> {
  return Promise.race([
    promise?.then(() => true),
    Promise.resolve().then(() => Promise.resolve(false)),
  ]) as Promise<boolean>;
}

it('is there until much waits, and again when little does', async () => {
  expect(room.awaited()).toBeUndefined();
  waiting = 2 * MIB;
  const awaited = room.awaited();
  expect(room.awaited()).toBe(awaited);
  waiting = MIB;
  room.progressed();
  expect(await isOver(awaited)).toBe(false);
  waiting = 0;
  room.progressed();
  await awaited;
  expect(room.awaited()).toBeUndefined();
});

it('is waited for as long as something is taken, and not for a peer that takes nothing for 5 s', async () => {
  waiting = 4 * MIB;
  const awaited = room.awaited();
  for (let step = 0; step < 5; step++) {
    vi.advanceTimersByTime(4_000);
    room.progressed();
  }
  expect(await isOver(awaited)).toBe(false);
  vi.advanceTimersByTime(5_000);
  await awaited;
  expect(room.awaited()).toBeUndefined();
  waiting = 0;
  room.progressed();
  waiting = 4 * MIB;
  expect(room.awaited()).toBeDefined();
});

it('is not waited for when it is closed', async () => {
  waiting = 4 * MIB;
  const awaited = room.awaited();
  room.close();
  await awaited;
  expect(room.awaited()).toBeUndefined();
});
