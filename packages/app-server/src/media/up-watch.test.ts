import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CONNECT_DEADLINE_MS, LOSS_DEADLINE_MS, UpWatch } from './up-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watch(kinds = { audio: true, video: true }) {
  const onLost = vi.fn();
  const upWatch = new UpWatch({ ...kinds, onLost });
  const flow = (mediaType: 'AUDIO' | 'VIDEO', state: 'FLOWING' | 'NOT_FLOWING') =>
    upWatch.onFlow({ mediaType, state });
  return { upWatch, onLost, flow };
}

test('all media away for the whole deadline is a loss, once', () => {
  const { onLost, flow } = watch();
  flow('AUDIO', 'FLOWING');
  flow('VIDEO', 'FLOWING');
  flow('VIDEO', 'NOT_FLOWING');
  flow('AUDIO', 'NOT_FLOWING');
  vi.advanceTimersByTime(LOSS_DEADLINE_MS - 1);
  expect(onLost).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  flow('AUDIO', 'NOT_FLOWING');
  vi.advanceTimersByTime(LOSS_DEADLINE_MS);
  expect(onLost).toHaveBeenCalledOnce();
});

test('the order of the kinds does not matter, and a repeated event does not start the deadline anew', () => {
  const { onLost, flow } = watch();
  flow('VIDEO', 'FLOWING');
  flow('AUDIO', 'FLOWING');
  flow('AUDIO', 'NOT_FLOWING');
  flow('VIDEO', 'NOT_FLOWING');
  vi.advanceTimersByTime(LOSS_DEADLINE_MS - 1);
  flow('AUDIO', 'NOT_FLOWING');
  vi.advanceTimersByTime(1);
  expect(onLost).toHaveBeenCalledOnce();
});

test.each(['AUDIO', 'VIDEO'] as const)('%s alone may be away for ever', (kind) => {
  const { onLost, flow } = watch();
  flow('AUDIO', 'FLOWING');
  flow('VIDEO', 'FLOWING');
  flow(kind, 'NOT_FLOWING');
  vi.advanceTimersByTime(LOSS_DEADLINE_MS * 10);
  expect(onLost).not.toHaveBeenCalled();
});

test('media that comes back in time is no loss', () => {
  const { onLost, flow } = watch();
  flow('VIDEO', 'FLOWING');
  flow('VIDEO', 'NOT_FLOWING');
  vi.advanceTimersByTime(LOSS_DEADLINE_MS - 1);
  flow('VIDEO', 'FLOWING');
  vi.advanceTimersByTime(LOSS_DEADLINE_MS * 10);
  expect(onLost).not.toHaveBeenCalled();
});

test('a microphone alone may be silent for ever, but not disconnected', () => {
  const { upWatch, onLost, flow } = watch({ audio: true, video: false });
  upWatch.answered();
  flow('AUDIO', 'FLOWING');
  flow('AUDIO', 'NOT_FLOWING');
  vi.advanceTimersByTime(CONNECT_DEADLINE_MS * 2);
  expect(onLost).not.toHaveBeenCalled();
  upWatch.onConnectionState({ newState: 'DISCONNECTED' });
  vi.advanceTimersByTime(LOSS_DEADLINE_MS);
  expect(onLost).toHaveBeenCalledOnce();
});

test('a connection that comes back in time is no loss', () => {
  const { upWatch, onLost } = watch();
  upWatch.onConnectionState({ newState: 'CONNECTED' });
  upWatch.onConnectionState({ newState: 'DISCONNECTED' });
  vi.advanceTimersByTime(LOSS_DEADLINE_MS - 1);
  upWatch.onConnectionState({ newState: 'CONNECTED' });
  vi.advanceTimersByTime(LOSS_DEADLINE_MS * 10);
  expect(onLost).not.toHaveBeenCalled();
});

test('a leg that never connects is lost, and one that does is not', () => {
  const never = watch();
  never.upWatch.answered();
  const comes = watch();
  comes.upWatch.answered();
  vi.advanceTimersByTime(CONNECT_DEADLINE_MS - 1);
  comes.upWatch.onConnectionState({ newState: 'CONNECTED' });
  vi.advanceTimersByTime(1);
  expect(never.onLost).toHaveBeenCalledWith('never connected');
  expect(comes.onLost).not.toHaveBeenCalled();
});

test('after close nothing is told any more', () => {
  const { upWatch, onLost, flow } = watch();
  upWatch.answered();
  flow('VIDEO', 'FLOWING');
  flow('VIDEO', 'NOT_FLOWING');
  upWatch.close();
  upWatch.onDtlsState({ state: 'CLOSED' });
  vi.advanceTimersByTime(CONNECT_DEADLINE_MS * 2);
  expect(onLost).not.toHaveBeenCalled();
});
