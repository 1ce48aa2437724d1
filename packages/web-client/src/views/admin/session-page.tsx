// One session: the verdict, the facts of each leg, what is wrong with its security, and its sequence diagram; live.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { toMermaid, type SessionId, type SessionTrace } from '@parley/protocol';
import { getSession, sessionDownload, sessionEvents } from '../../admin/admin-api.ts';
import { SessionWatch, type Following } from '../../admin/session-watch.ts';
import { useFocusOnArrival } from '../arrival.ts';
import { CopyLink } from '../copy-link.tsx';
import { clock, date, moment } from '../format.ts';
import { DownloadIcon } from '../icons.tsx';
import { Link } from '../link.tsx';
import { Problem } from '../problem.tsx';
import { AdminFrame } from './admin-frame.tsx';
import { Findings } from './findings.tsx';
import { LegFacts } from './leg-facts.tsx';
import { Sequence } from './sequence.tsx';
import { keyOf, KINDS, ownerOf } from './session-words.ts';
import { VerdictBanner } from './verdict.tsx';

const FOLLOWING: Readonly<Record<Following, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  interrupted: 'Not live at the moment: trying again',
  over: 'Complete',
};

export function SessionPage({ session, onSignedOut }: { session: SessionId; onSignedOut: () => void }) {
  const [watch] = useState(
    () =>
      new SessionWatch({
        fetchTrace: (signal) => getSession(session, signal),
        openEvents: () => new EventSource(sessionEvents(session)),
      }),
  );
  useEffect(() => {
    watch.start();
    return () => watch.close();
  }, [watch]);
  const { trace, following, failure } = useSyncExternalStore(watch.subscribe, watch.snapshot);
  const signedOut = failure?.reason === 'signed-out';
  useEffect(() => {
    if (signedOut) onSignedOut();
  }, [signedOut, onSignedOut]);
  useEffect(() => {
    document.title = trace ? `${KINDS[trace.kind]} of ${ownerOf(trace)} – Parley` : 'Session – Parley';
  }, [trace]);

  return (
    <AdminFrame onSignedOut={onSignedOut}>
      <main className="session-page">
        <nav>
          <Link to="/admin">← All sessions</Link>
        </nav>
        {failure && <Problem>{failure.message}</Problem>}
        {!trace && !failure && <p aria-busy="true">Fetching the session…</p>}
        {trace && <Session trace={trace} following={following} />}
      </main>
    </AdminFrame>
  );
}

function Session({ trace, following }: { trace: SessionTrace; following: Following }) {
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const { id, kind, room, startedAt, endedAt, legs, findings, verdict } = trace;
  return (
    <>
      <header className="session-head">
        <h1 ref={heading} tabIndex={-1}>
          <bdi>{ownerOf(trace)}</bdi> – {KINDS[kind].toLowerCase()}
        </h1>
        <p className="admin-about">
          {room !== null && (
            <>
              Room <code>{room}</code> ·{' '}
            </>
          )}
          Session <code>{id}</code>
          {' · '}
          <time dateTime={new Date(startedAt).toISOString()} title={date(startedAt)}>
            {moment(startedAt)}
          </time>
          {endedAt !== null && `, ${clock((endedAt - startedAt) / 1_000)} long`}
          {' · '}
          <span className={`following ${following}`}>{FOLLOWING[following]}</span>
        </p>
      </header>
      <VerdictBanner verdict={verdict} />
      <div className="session-actions">
        <a className="button small" href={sessionDownload(id)} download={`parley-session-${id}.json`}>
          <DownloadIcon />
          Download JSON
        </a>
        <button type="button" className="button small" onClick={() => saveMermaid(trace)}>
          <DownloadIcon />
          Download Mermaid
        </button>
        <CopyLink what="Link to this session" />
      </div>
      <section className="legs" aria-label="Legs">
        <h2>Legs</h2>
        <p className="admin-about">A leg is one connection between a browser and the media server.</p>
        {legs.length === 0 && <p className="admin-about">None was asked for yet.</p>}
        <ul className="leg-list">
          {legs.map((leg) => (
            <LegFacts key={keyOf(leg)} leg={leg} />
          ))}
        </ul>
      </section>
      <Findings findings={findings} />
      <Sequence trace={trace} />
    </>
  );
}

function saveMermaid(trace: SessionTrace): void {
  const url = URL.createObjectURL(new Blob([toMermaid(trace)], { type: 'text/plain;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `parley-session-${trace.id}.mmd`;
  link.click();
  // Not at once: the browser begins to read only after this turn.
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}
