// "Who can see me": a count in the header, and behind it who receives which stream, and why somebody does not.
import { useId, useRef, useState, type ReactNode, type ToggleEvent } from 'react';
import type { LegLine, StreamLines, WhoSees } from '../call/who-sees.ts';
import { AlertIcon, CheckIcon, CloseIcon, EyeIcon, WaitIcon } from './icons.tsx';

/** Not `known`: the server, which is told by all of them, cannot be reached. */
export function WhoSeesMe({ who, known }: { who: WhoSees; known: boolean }) {
  const panel = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const [panelId, stateId] = [useId(), useId()];
  const toggled = (event: ToggleEvent<HTMLDivElement>) => {
    setOpen(event.newState === 'open');
    // From here the Escape key closes it and gives the focus back to the button.
    if (event.newState === 'open') panel.current?.focus();
  };
  return (
    <>
      <button
        type="button"
        className={`who-sees ${known ? toneOf(who) : 'waiting'}`}
        aria-label="Who can see me"
        aria-describedby={stateId}
        title="Who can see me"
        aria-haspopup="dialog"
        aria-expanded={open}
        popoverTarget={panelId}
      >
        <EyeIcon />
        <span className="who-sees-label" aria-hidden="true">
          Who can see me
        </span>
        {who.of > 0 && (
          <span aria-hidden="true">
            {known ? who.receiving : '?'}/{who.of}
          </span>
        )}
        <span id={stateId} className="visually-hidden">
          {known ? inWords(who) : NOT_KNOWN}
        </span>
      </button>
      <div
        ref={panel}
        id={panelId}
        className="who-sees-panel"
        role="dialog"
        aria-label="Who can see me"
        tabIndex={-1}
        popover="auto"
        onToggle={toggled}
      >
        {open && <Panel who={known ? who : undefined} onClose={() => panel.current?.hidePopover()} />}
      </div>
    </>
  );
}

const NOT_KNOWN = 'The server cannot be reached: who receives you is not known at the moment.';

function Panel({ who, onClose }: { who: WhoSees | undefined; onClose: () => void }) {
  return (
    <>
      <div className="who-sees-head">
        <h2>Who can see me</h2>
        <button type="button" className="link-button" aria-label="Close" onClick={onClose}>
          <CloseIcon />
        </button>
      </div>
      <p className="who-sees-summary">{who ? inWords(who) : NOT_KNOWN}</p>
      {who?.own.map((stream) => (
        <StreamSection key={stream.key} stream={stream} />
      ))}
      {who && who.others.length > 0 && (
        <details>
          <summary>The others’ streams</summary>
          {who.others.map((stream) => (
            <StreamSection key={stream.key} stream={stream} />
          ))}
        </details>
      )}
    </>
  );
}

function StreamSection({ stream: { title, up, viewers } }: { stream: StreamLines }) {
  const heading = useId();
  return (
    <section aria-labelledby={heading}>
      <h3 id={heading}>{title}</h3>
      <ul>
        {up.map((line) => (
          <Line key={line.text} line={line}>
            {line.text}
          </Line>
        ))}
        {viewers.map((viewer) => (
          <Line key={viewer.participant} line={viewer}>
            <strong>
              <bdi>{viewer.name}</bdi>
            </strong>{' '}
            – {viewer.text}
          </Line>
        ))}
      </ul>
    </section>
  );
}

function Line({ line: { state }, children }: { line: LegLine; children: ReactNode }) {
  return (
    <li className={`who-sees-line ${state}`} data-state={state}>
      {state === 'confirmed' ? <CheckIcon /> : state === 'failed' ? <AlertIcon /> : <WaitIcon />}
      <span>{children}</span>
    </li>
  );
}

function toneOf({ own, receiving, of }: WhoSees): 'well' | 'waiting' | 'trouble' {
  const lines = own.flatMap(({ up, viewers }) => [...up, ...viewers]);
  if (lines.some(({ state }) => state === 'failed')) return 'trouble';
  return receiving === of ? 'well' : 'waiting';
}

function inWords({ receiving, of }: WhoSees): string {
  if (of === 0) return 'Nobody else is here.';
  if (of === 1)
    return receiving === 1 ? 'The other one receives you.' : 'The other one does not receive you.';
  if (receiving === of) return of === 2 ? 'Both others receive you.' : `All ${of} others receive you.`;
  return receiving === 0
    ? `None of the ${of} others receives you.`
    : `${receiving} of ${of} others receive you.`;
}
