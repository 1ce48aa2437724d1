// A bar that moves with the microphone's level.
import { useEffect, useRef } from 'react';
import { LevelMeter } from '../call/level-meter.ts';

export function LevelBar({ track }: { track: MediaStreamTrack | undefined }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!track) return;
    const meter = new LevelMeter(track);
    let frame = 0;
    const draw = () => {
      bar.current?.style.setProperty('--level', meter.read().toFixed(3));
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      meter.close();
    };
  }, [track]);
  return (
    <div className="level">
      <div className="level-track" aria-hidden="true">
        {track && <div ref={bar} className="level-fill" />}
      </div>
      <span className="level-words">{track ? 'Speak: the bar should move' : 'Microphone off'}</span>
    </div>
  );
}
