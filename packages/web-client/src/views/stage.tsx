// A 16:9 picture in the lobby, or what is to be said in its place.
import { useEffect, useRef, type ReactNode } from 'react';

export function Stage({
  media,
  mirrored = false,
  audible = false,
  label,
  children,
}: {
  media: MediaStream | undefined;
  mirrored?: boolean;
  audible?: boolean;
  label: string;
  children?: ReactNode;
}) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = media ?? null;
  }, [media]);
  return (
    <div className="stage" role="group" aria-label={label}>
      <video
        ref={video}
        className={mirrored ? 'mirrored' : undefined}
        hidden={!media}
        autoPlay
        playsInline
        muted={!audible}
      />
      {children}
    </div>
  );
}
