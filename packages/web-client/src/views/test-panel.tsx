// The test of camera and microphone: record a few seconds on the media server, then see and hear them.
import { useSyncExternalStore } from 'react';
import type { TestSession, TestSnapshot } from '../call/test-session.ts';
import { CheckIcon, CloseIcon, PlayIcon, RecordIcon } from './icons.tsx';
import { Problem } from './problem.tsx';
import { Stage } from './stage.tsx';

const BUSY = ['preparing', 'recording', 'saving', 'loading', 'playing'];

export function TestPanel({
  test,
  preview,
  tracks,
  onDone,
}: {
  test: TestSession;
  preview: MediaStream | undefined;
  tracks: MediaStreamTrack[];
  onDone: () => void;
}) {
  const snapshot = useSyncExternalStore(test.subscribe, test.snapshot);
  const { phase, playback } = snapshot;
  const busy = BUSY.includes(phase);
  return (
    <div className="test" role="group" aria-label="Test of camera and microphone">
      {playback ? (
        <Stage key="playback" media={playback} audible label="What was recorded" />
      ) : (
        <Stage key="preview" media={preview} mirrored label="Preview of your camera">
          {!preview && <p className="stage-message">Sound only</p>}
          {(phase === 'recording' || phase === 'saving') && (
            <p className="countdown">
              <span className="recording-dot" />
              <span role="timer" aria-label="Seconds left">
                {snapshot.secondsLeft}
              </span>
            </p>
          )}
        </Stage>
      )}
      <p className="test-words" role="status">
        {phase === 'played' && <CheckIcon />}
        {words(snapshot)}
      </p>
      {snapshot.failure && <Problem>{snapshot.failure}</Problem>}
      <div className="test-actions">
        <button
          type="button"
          className={snapshot.recorded ? 'button' : 'button primary'}
          disabled={busy || tracks.length === 0}
          onClick={() => void test.record(new MediaStream(tracks))}
        >
          <RecordIcon /> Record
        </button>
        <button
          type="button"
          className={snapshot.recorded ? 'button primary' : 'button'}
          disabled={busy || !snapshot.recorded}
          onClick={() => void test.playBack()}
        >
          <PlayIcon /> Play back
        </button>
        <button type="button" className="button quiet" onClick={onDone}>
          <CloseIcon /> End the test
        </button>
      </div>
    </div>
  );
}

function words({ phase, seconds }: TestSnapshot): string {
  switch (phase) {
    case 'idle':
      return 'Press “Record” and say a few words. You will see and hear yourself as the others would.';
    case 'preparing':
      return 'Connecting to the media server…';
    case 'recording':
      return 'Recording. Say something.';
    case 'saving':
      return 'Saving what was recorded…';
    case 'recorded':
      return `${seconds.toFixed(0)} seconds were recorded. Press “Play back” to see and hear them.`;
    case 'loading':
      return 'Fetching the recording…';
    case 'playing':
      return 'Playing back. This is how the others would see and hear you.';
    case 'played':
      return 'If you saw and heard yourself, everything works. If not, choose another device and record again.';
    case 'failed':
      return 'The test could not be finished.';
  }
}
