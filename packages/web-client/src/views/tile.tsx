// One participant's camera, or one shared screen, with name and state.
import { useEffect, useRef, useState, type CSSProperties, type RefObject } from 'react';
import type { TileView } from '../call/room-view.ts';
import { hueOf, initialsOf } from './avatar.ts';
import type { Rectangle } from './grid-layout.ts';
import { MicrophoneIcon, ScreenIcon } from './icons.tsx';
import type { Playback } from './playback.ts';

export function Tile({
  tile,
  place,
  playback,
  joinedAt,
  onRetry,
}: {
  tile: TileView;
  place: Rectangle;
  playback: Playback;
  /** When "Join" was pressed, in ms of `performance.now()`. */
  joinedAt: number;
  onRetry: () => void;
}) {
  const video = useRef<HTMLVideoElement>(null);
  const firstFrame = useFirstFrame(video, tile.media, joinedAt);
  const { media } = tile;

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = media ?? null;
    if (media) playback.play(element);
    return () => playback.forget(element);
  }, [media, playback]);

  const hasPicture = tile.video && firstFrame !== undefined;
  const waits = tile.video && !hasPicture;
  const state = tile.state === 'live' && waits ? 'connecting' : tile.state;
  const message = tile.message ?? (waits ? 'Waiting for the picture…' : undefined);
  return (
    <figure
      className={tile.kind === 'screen' ? 'tile screen' : 'tile'}
      style={place}
      aria-label={tile.name}
      data-stream={tile.stream}
      data-participant={tile.participant}
      data-state={state}
      data-first-frame-ms={firstFrame}
    >
      <video
        ref={video}
        className={[hasPicture ? 'shown' : '', tile.own ? 'mirrored' : ''].join(' ')}
        autoPlay
        playsInline
        muted={tile.own}
      />
      {!hasPicture && tile.kind === 'camera' && (
        <span className="avatar" style={{ '--hue': hueOf(tile.name) } as CSSProperties} aria-hidden="true">
          {initialsOf(tile.name)}
        </span>
      )}
      {tile.kind === 'screen' && tile.own && (
        <span className="tile-sign">
          <ScreenIcon />
        </span>
      )}
      {message && (
        <p className={hasPicture ? 'tile-message over-picture' : 'tile-message'} title={tile.remedy}>
          {message}
          {tile.remedy && <span className="tile-remedy">{tile.remedy}</span>}
          {tile.state === 'failed' && (
            <button type="button" className="button small" onClick={onRetry}>
              Try again
            </button>
          )}
        </p>
      )}
      <figcaption className="tile-name">
        {tile.muted && tile.kind === 'camera' && (
          <span className="tile-muted" title="Microphone off">
            <MicrophoneIcon off />
            <span className="visually-hidden">Microphone off:</span>
          </span>
        )}
        <span className="tile-name-text" dir="auto">
          {tile.own && tile.kind === 'camera' ? `${tile.name} (you)` : tile.name}
        </span>
      </figcaption>
    </figure>
  );
}

/** When the first frame of `media` was shown, in whole ms after `joinedAt`; undefined before. */
function useFirstFrame(
  video: RefObject<HTMLVideoElement | null>,
  media: MediaStream | undefined,
  joinedAt: number,
): number | undefined {
  const [first, setFirst] = useState<{ media: MediaStream; ms: number }>();
  useEffect(() => {
    const element = video.current;
    if (!element || !media) return;
    const callback = element.requestVideoFrameCallback((now) => {
      setFirst({ media, ms: Math.max(0, Math.round(now - joinedAt)) });
    });
    return () => element.cancelVideoFrameCallback(callback);
  }, [video, media, joinedAt]);
  return first !== undefined && first.media === media ? first.ms : undefined;
}
