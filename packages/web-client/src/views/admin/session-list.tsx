// All sessions that are kept, newest first.
import { useEffect, useState } from 'react';
import type { SessionSummary } from '@parley/protocol';
import { AdminError, getSessions } from '../../admin/admin-api.ts';
import { useFocusOnArrival } from '../arrival.ts';
import { date, moment } from '../format.ts';
import { CameraIcon, MicrophoneIcon, ScreenIcon } from '../icons.tsx';
import { Link } from '../link.tsx';
import { Problem } from '../problem.tsx';
import { AdminFrame } from './admin-frame.tsx';
import { KINDS, ownerOf } from './session-words.ts';
import { LevelBadge } from './verdict.tsx';

/** How often the list is fetched again, in ms. */
const REFRESH_MS = 4_000;

interface Loaded {
  readonly sessions: readonly SessionSummary[] | undefined;
  readonly failure: string | undefined;
}

export function SessionList({ onSignedOut }: { onSignedOut: () => void }) {
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const [{ sessions, failure }, setLoaded] = useState<Loaded>({ sessions: undefined, failure: undefined });
  useEffect(() => {
    document.title = 'Sessions – Parley';
  }, []);
  useEffect(() => {
    const asking = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      try {
        const latest = await getSessions(asking.signal);
        setLoaded({ sessions: latest, failure: undefined });
      } catch (error) {
        if (asking.signal.aborted) return;
        if (error instanceof AdminError && error.reason === 'signed-out') return onSignedOut();
        console.warn('the sessions could not be fetched', error);
        const { message } = error instanceof AdminError ? error : new AdminError('refused');
        setLoaded((before) => ({ ...before, failure: message }));
      }
      timer = setTimeout(() => void load(), REFRESH_MS);
    };
    void load();
    return () => {
      asking.abort();
      clearTimeout(timer);
    };
  }, [onSignedOut]);

  return (
    <AdminFrame onSignedOut={onSignedOut}>
      <main className="sessions">
        <h1 ref={heading} tabIndex={-1}>
          Sessions
        </h1>
        <p className="admin-about">
          A session is one camera or one screen with everyone who watches it, or one test of camera and
          microphone. The latest come first.
        </p>
        {failure !== undefined && <Problem>{failure}</Problem>}
        {sessions === undefined && failure === undefined && <p aria-busy="true">Fetching the sessions…</p>}
        {sessions?.length === 0 && <Empty />}
        {sessions && sessions.length > 0 && (
          <ul className="session-list">
            {sessions.map((session) => (
              <Session key={session.id} session={session} />
            ))}
          </ul>
        )}
      </main>
    </AdminFrame>
  );
}

function Session({ session }: { session: SessionSummary }) {
  const { id, kind, room, startedAt, endedAt, verdict } = session;
  return (
    <li>
      <Link to={`/admin/sessions/${id}`} className={`session-line ${endedAt === null ? 'running' : 'over'}`}>
        <span className="session-kind">
          {kind === 'screen' ? <ScreenIcon /> : kind === 'camera' ? <CameraIcon /> : <MicrophoneIcon />}
        </span>
        <span className="session-words">
          <strong>
            <bdi>{ownerOf(session)}</bdi>
          </strong>
          <span className="session-verdict">{verdict.text}</span>
          <span className="session-facts">
            {KINDS[kind]}
            {room !== null && (
              <>
                {' · room '}
                <code title={room}>{room.slice(0, 8)}…</code>
              </>
            )}
            {' · '}
            <time dateTime={new Date(startedAt).toISOString()} title={date(startedAt)}>
              {moment(startedAt)}
            </time>
            {endedAt !== null && ` – ${moment(endedAt, startedAt)}`}
          </span>
        </span>
        <span className="session-state">
          <LevelBadge level={verdict.level} />
          {endedAt === null ? (
            <span className="running-sign">running</span>
          ) : (
            verdict.level !== 'ended' && <span className="running-sign">ended</span>
          )}
        </span>
      </Link>
    </li>
  );
}

function Empty() {
  return (
    <div className="empty">
      <p className="empty-title">No session yet</p>
      <p>As soon as somebody joins a room with a camera, or tests it before, the session stands here.</p>
      <Link to="/" className="button">
        Start page
      </Link>
    </div>
  );
}
