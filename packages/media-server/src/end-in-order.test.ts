import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { endInOrder } from './end-in-order.ts';

const log = { error: vi.fn() };
let program: EventEmitter & { exit: ReturnType<typeof vi.fn<(code: number) => void>> };

beforeEach(() => {
  vi.useFakeTimers();
  program = Object.assign(new EventEmitter(), { exit: vi.fn<(code: number) => void>() });
});
afterEach(() => {
  vi.useRealTimers();
});

it.each(['SIGINT', 'SIGTERM', 'disconnect'])(
  'closes once on %s, and still hears the second one',
  async (event) => {
    let closed: () => void = () => undefined;
    const close = vi.fn(() => new Promise<void>((resolve) => (closed = resolve)));
    endInOrder(close, log, program);
    // What nobody hears is what would end the process at once.
    expect([program.emit(event), program.emit(event), program.emit('SIGTERM')]).toEqual([true, true, true]);
    expect(close).toHaveBeenCalledTimes(1);
    expect(program.exit).not.toHaveBeenCalled();
    closed();
    await vi.waitFor(() => expect(program.exit).toHaveBeenCalledWith(0));
  },
);

it('exits with code 1 when something does not close, or not in time', async () => {
  endInOrder(() => Promise.reject(new Error('a file')), log, program);
  program.emit('SIGTERM');
  await vi.waitFor(() => expect(program.exit).toHaveBeenCalledWith(1));

  program = Object.assign(new EventEmitter(), { exit: vi.fn<(code: number) => void>() });
  endInOrder(() => new Promise(() => undefined), log, program);
  program.emit('disconnect');
  expect(program.exit).not.toHaveBeenCalled();
  vi.runAllTimers();
  expect(program.exit).toHaveBeenCalledWith(1);
});
