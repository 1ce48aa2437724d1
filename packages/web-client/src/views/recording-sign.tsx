// Says that the room is being recorded, by whom, and for how long; while the server cannot be reached, that it was.
import { useEffect, useState } from 'react';
import type { RoomSnapshot } from '../call/room-view.ts';
import { clock } from './format.ts';

export function RecordingSign({ recording }: { recording: NonNullable<RoomSnapshot['recording']> }) {
  const { since, known, startedByName } = recording;
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    if (!known) return;
    const timer = setInterval(() => setNow(performance.now()), 1_000);
    return () => clearInterval(timer);
  }, [known]);
  return (
    <span
      className={known ? 'recording-sign' : 'recording-sign unknown'}
      title={
        known
          ? `Started by ${startedByName}`
          : 'The server cannot be reached: whether it still records is not known'
      }
    >
      <span className="recording-dot" />
      <span className="recording-word">{known ? 'Recording' : 'Was recording'}</span>
      <span className="recording-time">{clock(Math.floor((now - since) / 1_000))}</span>
    </span>
  );
}
