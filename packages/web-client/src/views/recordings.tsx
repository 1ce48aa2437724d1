// The recordings of rooms that were entered from this browser, or of the one room that the address names.
import { useEffect, useState } from 'react';
import type { PieceDescription, RecordingDescription, RoomId } from '@parley/protocol';
import { ApiError, getRecordings } from '../api.ts';
import { rememberedOwnerKey, rememberedRooms } from '../storage.ts';
import { useFocusOnArrival } from './arrival.ts';
import { Brand } from './brand.tsx';
import { DeleteRecording } from './delete-recording.tsx';
import { clock, date, size } from './format.ts';
import { CameraIcon, DownloadIcon, MicrophoneIcon, ScreenIcon } from './icons.tsx';
import { Link } from './link.tsx';
import { Problem } from './problem.tsx';

type Loaded =
  | { state: 'loading' }
  | { state: 'failed'; text: string }
  | { state: 'there'; recordings: readonly RecordingDescription[] };

export function Recordings({ room }: { room: RoomId | undefined }) {
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const [loaded, setLoaded] = useState<Loaded>({ state: 'loading' });
  const [request, setRequest] = useState(1);
  /** An object, because the same words are news again: two recordings may have begun in the same minute. */
  const [news, setNews] = useState<{ text: string }>();
  useEffect(() => {
    document.title = 'Recordings – Parley';
  }, []);
  useEffect(() => {
    // The button that was pressed is gone with its recording.
    if (news) heading.current?.focus();
  }, [heading, news]);
  useEffect(() => {
    const asking = new AbortController();
    load(room ? [room] : rememberedRooms(), asking.signal).then(
      (recordings) => setLoaded({ state: 'there', recordings }),
      (error: unknown) => {
        if (asking.signal.aborted) return;
        console.warn('the recordings could not be fetched', error);
        setLoaded({
          state: 'failed',
          text: error instanceof ApiError ? error.message : 'The recordings could not be fetched.',
        });
      },
    );
    return () => asking.abort();
  }, [room, request]);

  const deleted = ({ id, startedAt }: RecordingDescription) => {
    setLoaded((before) =>
      before.state === 'there'
        ? { ...before, recordings: before.recordings.filter((other) => other.id !== id) }
        : before,
    );
    setNews({ text: `The recording of ${date(startedAt)} was deleted.` });
  };

  return (
    <div className="page">
      <header className="page-header">
        <Brand />
      </header>
      <main className="recordings">
        <div className="recordings-head">
          <h1 ref={heading} tabIndex={-1}>
            Recordings
          </h1>
          <button type="button" className="button small" onClick={() => setRequest(request + 1)}>
            Refresh
          </button>
        </div>
        <p className="recordings-about">
          {room
            ? 'Recordings of one room. Whoever has the link to the room can see them.'
            : 'Recordings of the rooms that were entered from this browser.'}{' '}
          {room && <Link to="/recordings">Show all rooms</Link>}
        </p>
        <p className="recordings-news" role="status">
          {news?.text}
        </p>
        {loaded.state === 'loading' && <p aria-busy="true">Fetching the recordings…</p>}
        {loaded.state === 'failed' && <Problem>{loaded.text}</Problem>}
        {loaded.state === 'there' && loaded.recordings.length === 0 && <Empty one={room !== undefined} />}
        {loaded.state === 'there' &&
          loaded.recordings.map((recording) => (
            <Recording key={recording.id} recording={recording} onDeleted={() => deleted(recording)} />
          ))}
      </main>
    </div>
  );
}

async function load(rooms: readonly RoomId[], signal: AbortSignal): Promise<RecordingDescription[]> {
  const lists = await Promise.all(rooms.map((room) => getRecordings(room, signal)));
  return lists.flat().sort((a, b) => b.startedAt - a.startedAt);
}

function Empty({ one }: { one: boolean }) {
  return (
    <div className="empty">
      <p className="empty-title">No recordings yet</p>
      <p>
        {one
          ? 'Nothing was recorded in this room. Press “Record” during a call to begin.'
          : 'Press “Record” during a call to make one. A room’s link is the key to its recordings: this page remembers the rooms you entered from this browser, and shows what was recorded there.'}
      </p>
      <Link to="/" className="button">
        Start page
      </Link>
    </div>
  );
}

function Recording({ recording, onDeleted }: { recording: RecordingDescription; onDeleted: () => void }) {
  const { room, startedAt, endedAt, pieces } = recording;
  const ownerKey = endedAt === null ? undefined : rememberedOwnerKey(room);
  const facts = [
    endedAt === null ? 'still running' : clock((endedAt - startedAt) / 1_000),
    pieces.length === 1 ? 'one file' : `${pieces.length} files`,
  ];
  return (
    <article className="recording" aria-label={`Recording of ${date(startedAt)}`}>
      <header className="recording-head">
        <h2>{date(startedAt)}</h2>
        <p>{facts.join(' · ')}</p>
        {ownerKey !== undefined && (
          <DeleteRecording recording={recording} ownerKey={ownerKey} onDeleted={onDeleted} />
        )}
      </header>
      {pieces.length === 0 && <p className="recording-none">Nobody sent picture or sound while it ran.</p>}
      <ul className="pieces">
        {pieces.map((piece) => (
          <Piece key={piece.id} piece={piece} recordingStartedAt={startedAt} />
        ))}
      </ul>
    </article>
  );
}

function Piece({ piece, recordingStartedAt }: { piece: PieceDescription; recordingStartedAt: number }) {
  const { participantName, kind, audio, video, startedAt, endedAt, bytes, url } = piece;
  const title = kind === 'screen' ? `${participantName} – screen` : participantName;
  const facts = [
    startedAt !== null && `from ${clock((startedAt - recordingStartedAt) / 1_000)}`,
    startedAt !== null && endedAt !== null && `${clock((endedAt - startedAt) / 1_000)} long`,
    endedAt === null && 'still running',
    audio && !video && 'sound only',
    size(bytes),
  ];
  return (
    <li className="piece">
      <div className={video ? 'piece-frame' : 'piece-frame sound-only'}>
        {!video && <MicrophoneIcon />}
        <video controls playsInline preload="metadata" src={url} aria-label={`Recording of ${title}`} />
      </div>
      <div className="piece-line">
        <span className="piece-kind">
          {kind === 'screen' ? <ScreenIcon /> : video ? <CameraIcon /> : <MicrophoneIcon />}
        </span>
        <div className="piece-words">
          <strong dir="auto">{title}</strong>
          <span>{facts.filter(Boolean).join(' · ')}</span>
        </div>
        <a className="round" href={url} download aria-label={`Download ${title}`} title="Download">
          <DownloadIcon />
        </a>
      </div>
    </li>
  );
}
