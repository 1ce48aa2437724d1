// The call: tiles, buttons, and what there is to be said about the connection.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { sentencesOf } from '../call/causes.ts';
import type { RoomSession } from '../call/room-session.ts';
import type { RoomSnapshot } from '../call/room-view.ts';
import { useFocusOnArrival } from './arrival.ts';
import { Brand } from './brand.tsx';
import { Controls } from './controls.tsx';
import { CopyLink } from './copy-link.tsx';
import { AlertIcon, PeopleIcon, SoundIcon } from './icons.tsx';
import { MessagePage } from './message-page.tsx';
import { NewRoomButton } from './new-room-button.tsx';
import { Notices } from './notices.tsx';
import { Playback } from './playback.ts';
import { RecordingSign } from './recording-sign.tsx';
import { RoomGone } from './room-gone.tsx';
import { Tile } from './tile.tsx';
import { TileGrid } from './tile-grid.tsx';
import { WhoSeesMe } from './who-sees.tsx';

export function Call({
  session,
  joinedAt,
  onLeft,
  onAgain,
}: {
  session: RoomSession;
  joinedAt: number;
  onLeft: () => void;
  onAgain: () => void;
}) {
  const room = useSyncExternalStore(session.subscribe, session.snapshot);
  const area = useFocusOnArrival<HTMLElement>();
  const [playback] = useState(() => new Playback());
  const soundBlocked = useSyncExternalStore(playback.subscribe, playback.snapshot);
  useEndOfPage(session);
  useEffect(() => session.setSoundBlocked(soundBlocked), [session, soundBlocked]);
  useEffect(() => {
    document.title = 'In the room – Parley';
  }, []);

  if (room.phase === 'refused') return <Refused room={room} onAgain={onAgain} />;
  const leave = () => {
    session.leave();
    onLeft();
  };
  return (
    <div className="call">
      <header className="call-header">
        <Brand />
        <span className="call-people" title={`${room.participants} in the room`}>
          <PeopleIcon />
          <span className="visually-hidden">In the room: </span>
          {room.participants}
        </span>
        {room.recording && <RecordingSign key={room.recording.id} recording={room.recording} />}
        <WhoSeesMe who={room.whoSees} known={room.phase !== 'reconnecting'} />
        <CopyLink />
      </header>
      <Banner room={room} onTryNow={() => void session.join()} />
      <main ref={area} tabIndex={-1} className="call-area" aria-label="Participants">
        <h1 className="visually-hidden">Call</h1>
        <TileGrid
          tiles={room.tiles}
          draw={(tile, place) => (
            <Tile
              key={tile.key}
              tile={tile}
              place={place}
              playback={playback}
              joinedAt={joinedAt}
              onRetry={() => session.retry(tile.key)}
            />
          )}
        />
        {room.phase === 'joined' && room.participants === 1 && (
          <p className="alone">
            Nobody else is here yet. Copy the link and send it to whom you want to talk to.
          </p>
        )}
        <Notices
          notices={room.notices}
          onDismiss={(id) => session.dismiss(id)}
          onDismissAll={() => session.dismissAll()}
        />
      </main>
      <footer className="call-footer">
        {soundBlocked && (
          <button type="button" className="button primary play-sound" onClick={() => playback.playAll()}>
            <SoundIcon /> Play sound
          </button>
        )}
        <Controls session={session} room={room} onLeave={leave} />
      </footer>
    </div>
  );
}

/** Ends with the page. A page that the browser revives from its cache begins anew. */
function useEndOfPage(session: RoomSession): void {
  useEffect(() => {
    const hide = () => session.hide();
    const show = (event: PageTransitionEvent) => {
      if (event.persisted) location.reload();
    };
    const online = () => void session.join();
    addEventListener('pagehide', hide);
    addEventListener('pageshow', show);
    addEventListener('online', online);
    return () => {
      removeEventListener('pagehide', hide);
      removeEventListener('pageshow', show);
      removeEventListener('online', online);
      session.leave();
    };
  }, [session]);
}

function Banner({ room, onTryNow }: { room: RoomSnapshot; onTryNow: () => void }) {
  if (room.phase === 'joining') return null;
  if (room.phase === 'reconnecting')
    return (
      <div className="banner" role="alert">
        <AlertIcon />
        <span>
          The server cannot be reached. What you see and hear may go on; this page goes on trying by itself…
        </span>
        <button type="button" className="button small" onClick={onTryNow}>
          Try now
        </button>
      </div>
    );
  if (!room.mediaServerAvailable)
    return (
      <div className="banner" role="alert">
        <AlertIcon />
        <span>{sentencesOf('media-server-unreachable')}</span>
      </div>
    );
  return null;
}

function Refused({ room, onAgain }: { room: RoomSnapshot; onAgain: () => void }) {
  if (room.refusal?.reason === 'room-gone') return <RoomGone />;
  return (
    <MessagePage title="You could not join" text={room.refusal?.text ?? 'The server refused.'}>
      <button type="button" className="button primary" onClick={onAgain}>
        Try again
      </button>
      <NewRoomButton />
    </MessagePage>
  );
}
