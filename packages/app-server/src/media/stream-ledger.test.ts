import { ParticipantId, StreamId, type FailureCause } from '@parley/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ESTABLISHMENT_LIMIT_MS, StreamLedger } from './stream-ledger.ts';

const VIEWER = ParticipantId.parse('viewer-0001');
let changes: number;
let keyframes: number;
let repeated: number;
let gaps: unknown[];
let ledger: StreamLedger;

beforeEach(() => {
  vi.useFakeTimers();
  changes = 0;
  keyframes = 0;
  repeated = 0;
  gaps = [];
  ledger = new StreamLedger({
    stream: StreamId.parse('stream-0001'),
    audio: true,
    video: true,
    onChange: () => changes++,
    onKeyframeNeeded: (_viewer, again) => {
      keyframes++;
      if (again) repeated++;
    },
    onOverdue: (...overdue) => gaps.push(overdue),
  });
});

afterEach(() => {
  ledger.close();
  vi.useRealTimers();
});

const viewer = () => ledger.describe().viewers[0]?.status;

it('confirms the sender only when the media server sees every kind', () => {
  ledger.upReached('dtls-connected');
  ledger.upFlows('audio', true);
  expect(ledger.describe().up).toMatchObject({ state: 'establishing', step: 'media-arriving' });
  ledger.upFlows('video', true);
  expect(ledger.describe().up).toMatchObject({ state: 'confirmed', cause: null });
});

it('says that a confirmed sender fell silent, and that it is back', () => {
  ledger.upFlows('audio', true);
  ledger.upFlows('video', true);
  ledger.upFlows('video', false);
  expect(ledger.describe().up).toMatchObject({ state: 'repairing', cause: 'sender-sends-nothing' });
  ledger.upFlows('video', true);
  expect(ledger.describe().up.state).toBe('confirmed');
});

it('confirms a viewer by what their browser decoded, not by a connection', () => {
  ledger.viewerAsked(VIEWER);
  ledger.viewerReached(VIEWER, 'dtls-connected');
  expect(viewer()).toMatchObject({ state: 'establishing', step: 'dtls-connected' });
  ledger.viewerReported(VIEWER, { state: 'confirmed', step: 'confirmed', cause: null });
  expect(viewer()).toMatchObject({ state: 'confirmed' });
});

it.each<[string, () => void, FailureCause]>([
  ['was never answered', () => {}, 'endpoint-refused'],
  ['found no way', () => ledger.viewerReached(VIEWER, 'negotiated'), 'no-candidate-pair'],
  ['made no keys', () => ledger.viewerReached(VIEWER, 'ice-connected'), 'dtls-failed'],
])('a viewer whose leg %s is being repaired, and then failed for that reason', async (_, before, cause) => {
  ledger.viewerAsked(VIEWER);
  before();
  await vi.advanceTimersByTimeAsync(8_001);
  expect(viewer()).toMatchObject({ state: 'repairing', cause });
  await vi.advanceTimersByTimeAsync(ESTABLISHMENT_LIMIT_MS);
  expect(viewer()).toMatchObject({ state: 'failed', cause });
});

it('asks for a key frame when a connected viewer gets nothing of a confirmed sender', async () => {
  ledger.upFlows('audio', true);
  ledger.upFlows('video', true);
  ledger.viewerAsked(VIEWER);
  ledger.viewerReached(VIEWER, 'dtls-connected');
  await vi.advanceTimersByTimeAsync(2_501);
  expect(keyframes).toBe(1);
  expect(viewer()).toMatchObject({ state: 'repairing', cause: 'nothing-arrives' });
});

it('says so when a key frame that was asked for did not help, and not when another one is needed much later', async () => {
  ledger.upFlows('audio', true);
  ledger.upFlows('video', true);
  ledger.viewerAsked(VIEWER);
  ledger.viewerReached(VIEWER, 'dtls-connected');
  await vi.advanceTimersByTimeAsync(2_501);
  expect([keyframes, repeated]).toEqual([1, 0]);
  await vi.advanceTimersByTimeAsync(2_501);
  expect([keyframes, repeated]).toEqual([2, 1]);
  ledger.viewerReached(VIEWER, 'confirmed');
  await vi.advanceTimersByTimeAsync(20_000);
  ledger.viewerReported(VIEWER, {
    state: 'repairing',
    step: 'media-arriving',
    cause: 'viewer-cannot-decode',
  });
  expect([keyframes, repeated]).toEqual([3, 1]);
});

it('blames the sender, not the viewer, when nothing is sent', async () => {
  ledger.upReached('dtls-connected');
  ledger.viewerAsked(VIEWER);
  ledger.viewerReached(VIEWER, 'dtls-connected');
  await vi.advanceTimersByTimeAsync(2_501);
  expect(viewer()).toMatchObject({ state: 'repairing', cause: 'sender-sends-nothing' });
});

it('gives a viewer no new time with every leg that is built anew', async () => {
  ledger.viewerAsked(VIEWER);
  ledger.viewerReached(VIEWER, 'negotiated');
  await vi.advanceTimersByTimeAsync(7_000);
  ledger.viewerReported(VIEWER, { state: 'repairing', step: 'requested', cause: 'no-candidate-pair' });
  ledger.viewerAsked(VIEWER);
  ledger.viewerReached(VIEWER, 'negotiated');
  await vi.advanceTimersByTimeAsync(ESTABLISHMENT_LIMIT_MS - 7_500);
  expect(viewer()?.state).not.toBe('failed');
  await vi.advanceTimersByTimeAsync(501);
  expect(viewer()).toMatchObject({ state: 'failed', cause: 'no-candidate-pair' });
});

it('keeps what the viewer’s browser has seen of the cause', async () => {
  ledger.viewerAsked(VIEWER);
  ledger.viewerReached(VIEWER, 'negotiated');
  const seen = { cause: 'relay-refused', detail: 'credentials: 401' } as const;
  ledger.viewerReported(VIEWER, { state: 'repairing', step: 'negotiated', ...seen });
  await vi.advanceTimersByTimeAsync(ESTABLISHMENT_LIMIT_MS + 1);
  expect(viewer()).toMatchObject({ state: 'failed', ...seen });
  ledger.viewerAsked(VIEWER);
  ledger.viewerReached(VIEWER, 'confirmed');
  expect(viewer()?.detail).toBeUndefined();
});

it('asks for a key frame when a viewer says that nothing arrives, and not for each of many at once', () => {
  const other = ParticipantId.parse('viewer-0002');
  for (const one of [VIEWER, other]) {
    ledger.viewerAsked(one);
    ledger.viewerReported(one, { state: 'repairing', step: 'dtls-connected', cause: 'nothing-arrives' });
  }
  expect(keyframes).toBe(1);
});

it('tells whose deadline passed, after which step, and what that means', async () => {
  ledger.upFlows('audio', true);
  ledger.upFlows('video', true);
  ledger.viewerAsked(VIEWER);
  ledger.viewerReached(VIEWER, 'negotiated');
  await vi.advanceTimersByTimeAsync(8_001);
  expect(gaps).toEqual([[VIEWER, 'negotiated', 'no-candidate-pair']]);
});

it('begins anew when a viewer asks again after a failure', async () => {
  ledger.viewerAsked(VIEWER);
  ledger.viewerReported(VIEWER, { state: 'failed', step: 'negotiated', cause: 'dtls-failed' });
  ledger.viewerReached(VIEWER, 'confirmed');
  expect(viewer()).toMatchObject({ state: 'failed', cause: 'dtls-failed' });
  ledger.viewerAsked(VIEWER);
  ledger.viewerReached(VIEWER, 'confirmed');
  expect(viewer()).toMatchObject({ state: 'confirmed' });
});

it('believes evidence that comes after giving up, of the sender and of a viewer', () => {
  ledger.viewerAsked(VIEWER);
  ledger.viewerReported(VIEWER, { state: 'failed', step: 'media-arriving', cause: 'autoplay-blocked' });
  ledger.viewerReported(VIEWER, { state: 'establishing', step: 'media-arriving', cause: null });
  expect(viewer()).toMatchObject({ state: 'failed', cause: 'autoplay-blocked' });
  ledger.viewerReported(VIEWER, { state: 'confirmed', step: 'confirmed', cause: null });
  expect(viewer()).toMatchObject({ state: 'confirmed', cause: null });
  ledger.upReported({ state: 'failed', step: 'dtls-connected', cause: 'device-gone' });
  ledger.upFlows('audio', true);
  expect(ledger.describe().up).toMatchObject({ state: 'failed', cause: 'device-gone' });
  ledger.upFlows('video', true);
  expect(ledger.describe().up).toMatchObject({ state: 'confirmed', cause: null });
});

it('confirms a sender whose device is back and whose media never stopped', () => {
  ledger.upFlows('audio', true);
  ledger.upFlows('video', true);
  ledger.upReported({ state: 'repairing', step: 'dtls-connected', cause: 'camera-busy' });
  expect(ledger.describe().up).toMatchObject({ state: 'repairing', cause: 'camera-busy' });
  ledger.upReported({ state: 'establishing', step: 'dtls-connected', cause: null });
  expect(ledger.describe().up.state).toBe('confirmed');
});

it('does not take a viewer’s word that something was lost on the way when nothing was sent', () => {
  ledger.viewerAsked(VIEWER);
  ledger.viewerReported(VIEWER, { state: 'repairing', step: 'dtls-connected', cause: 'nothing-arrives' });
  expect(viewer()).toMatchObject({ state: 'repairing', cause: 'sender-sends-nothing' });
});

it('keeps the cause of a viewer who gave up, until they leave', () => {
  ledger.viewerAsked(VIEWER);
  ledger.viewerReported(VIEWER, { state: 'failed', step: 'requested', cause: 'no-candidate-pair' });
  ledger.viewerStopped(VIEWER);
  expect(viewer()).toMatchObject({ state: 'failed', cause: 'no-candidate-pair' });
  ledger.viewerGone(VIEWER);
  expect(viewer()).toBeUndefined();
});

it('forgets a viewer who is gone, and is silent once closed', async () => {
  ledger.viewerAsked(VIEWER);
  ledger.viewerGone(VIEWER);
  expect(ledger.describe().viewers).toEqual([]);
  ledger.close();
  const before = changes;
  ledger.upFlows('audio', true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(changes).toBe(before);
});
