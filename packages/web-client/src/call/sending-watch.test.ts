import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SendingWatch } from './sending-watch.ts';
import { FakePeerConnection } from './testing.ts';

const silent = { state: 'repairing', step: 'dtls-connected', cause: 'sender-sends-nothing' } as const;
const confirmed = { state: 'confirmed', step: 'confirmed', cause: null } as const;

let connection: FakePeerConnection;
let told: boolean[];
let watch: SendingWatch;

beforeEach(() => {
  vi.useFakeTimers();
  connection = new FakePeerConnection();
  told = [];
  watch = new SendingWatch({
    getStats: () => connection.getStats(),
    onMedia: (comes) => told.push(comes),
  });
});

afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

it('says that the way is at fault when packets leave and the server gets none', async () => {
  connection.sends = true;
  watch.serverSees(silent);
  await vi.advanceTimersByTimeAsync(500);
  expect(told).toEqual([false]);
  watch.serverSees(confirmed);
  expect(told).toEqual([false, true]);
});

it('does not blame the way while nothing leaves: a camera may be taken away', async () => {
  watch.serverSees(silent);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toEqual([]);
  connection.sends = true;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(told).toContain(false);
});

it('looks again after the statistics could not be read', async () => {
  vi.spyOn(console, 'debug').mockReturnValue();
  vi.spyOn(connection, 'getStats').mockRejectedValueOnce(new Error('not now'));
  connection.sends = true;
  watch.serverSees(silent);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toContain(false);
});

it('leaves other troubles to others', async () => {
  connection.sends = true;
  watch.serverSees({ state: 'repairing', step: 'dtls-connected', cause: 'camera-busy' });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toEqual([]);
});

it('looks no more after closing', async () => {
  connection.sends = true;
  watch.serverSees(silent);
  watch.close();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toEqual([]);
});
