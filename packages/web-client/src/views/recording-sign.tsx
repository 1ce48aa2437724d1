// Says that the room is being recorded, by whom, and for how long.
import { useEffect, useState } from 'react';
import type { RoomSnapshot } from '../call/room-view.ts';
import { clock } from './format.ts';

export function RecordingSign({ recording }: { recording: NonNullable<RoomSnapshot['recording']> }) {
  // Counted from here rather than from the server's clock, which this machine's may not agree with.
  const [since] = useState(() => performance.now());
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((performance.now() - since) / 1_000), 1_000);
    return () => clearInterval(timer);
  }, [since]);
  return (
    <span className="recording-sign" title={`Started by ${recording.startedByName}`}>
      <span className="recording-dot" />
      <span>Recording</span>
      <span className="recording-time">{clock(seconds)}</span>
    </span>
  );
}
