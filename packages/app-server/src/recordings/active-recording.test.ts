import { ParticipantId, RecordingId } from '@parley/protocol';
import { expect, test } from 'vitest';
import { newId } from '../new-id.ts';
import { ActiveRecording } from './active-recording.ts';

test('says for how long it has run, and never less than nothing though the clock is set back', () => {
  const recording = new ActiveRecording(newId(RecordingId), newId(ParticipantId), 1_763_800_000_000);
  expect(recording.describe(1_763_800_725_000)).toMatchObject({
    startedAt: 1_763_800_000_000,
    runningMs: 725_000,
  });
  expect(recording.describe(1_763_799_000_000).runningMs).toBe(0);
});
