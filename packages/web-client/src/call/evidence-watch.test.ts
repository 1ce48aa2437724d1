import type { LegStatus } from '@parley/protocol';
import { afterEach, expect, it, vi } from 'vitest';
import { EvidenceWatch } from './evidence-watch.ts';
import { FakePeerConnection } from './testing.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('looks again after the statistics could not be read: what comes is proven all the same', async () => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { visibilityState: 'visible' });
  vi.spyOn(console, 'debug').mockReturnValue();
  const connection = new FakePeerConnection();
  connection.receives = { packets: true, frames: true };
  vi.spyOn(connection, 'getStats').mockRejectedValueOnce(new Error('not now'));
  const told: LegStatus['state'][] = [];
  const watch = new EvidenceWatch({
    connection: connection as unknown as RTCPeerConnection,
    kind: 'camera',
    audio: true,
    video: true,
    senderSends: () => true,
    onStatus: ({ state }) => told.push(state),
    onMedia: () => undefined,
  });
  watch.connected();
  await vi.advanceTimersByTimeAsync(5_000);
  watch.close();
  expect(told.at(-1)).toBe('confirmed');
});
