// What the call has to tell, in a corner: as many messages as there is room for, the others behind a button. Read out as they
// come, without taking the focus.
import { useRef, useState, useSyncExternalStore } from 'react';
import { shownNotices } from '../call/notice-board.ts';
import type { Notice } from '../call/room-view.ts';
import { CloseIcon } from './icons.tsx';

/** More would cover the call. */
const MOST = { small: 2, large: 4 } as const;

/** As in call.css. */
const SMALL_SCREEN = '(max-width: 620px), (max-height: 480px)';

export function Notices({
  notices,
  onDismiss,
  onDismissAll,
}: {
  notices: readonly Notice[];
  onDismiss: (id: number) => void;
  onDismissAll: () => void;
}) {
  const list = useRef<HTMLUListElement>(null);
  const dismiss = (id: number) => {
    // The button that was pressed goes: the focus is on the next one, else where the call begins.
    const buttons = [...(list.current?.querySelectorAll<HTMLElement>('button') ?? [])];
    const next = buttons.find((button) => button !== document.activeElement);
    (next ?? list.current?.closest<HTMLElement>('main'))?.focus({ preventScroll: true });
    onDismiss(id);
  };
  const dismissAll = () => {
    list.current?.closest<HTMLElement>('main')?.focus({ preventScroll: true });
    onDismissAll();
  };
  const small = useSyncExternalStore(followScreen, () => matchMedia(SMALL_SCREEN).matches);
  const [unfolded, setUnfolded] = useState(false);
  const few = shownNotices(notices, small ? MOST.small : MOST.large);
  // Who came and went, and was not shown for want of room, is not worth a button.
  const hidden = notices.filter((notice) => notice.tone === 'problem' && !few.includes(notice)).length;
  const all = unfolded && hidden > 0;
  return (
    <div className={all ? 'notices unfolded' : 'notices'}>
      <ul ref={list} className="notice-list" aria-live="polite" aria-label="Messages">
        {(all ? notices : few).map((notice) => (
          <Line key={notice.id} notice={notice} onDismiss={dismiss} />
        ))}
      </ul>
      {hidden > 0 && (
        <p className="notice-rest">
          <button
            type="button"
            className="button small"
            aria-expanded={all}
            onClick={() => setUnfolded(!unfolded)}
          >
            {all ? 'Show fewer' : `${hidden} more`}
          </button>
          <button type="button" className="button small" onClick={dismissAll}>
            Dismiss all
          </button>
        </p>
      )}
    </div>
  );
}

function Line({ notice, onDismiss }: { notice: Notice; onDismiss: (id: number) => void }) {
  const { id, tone, text, count } = notice;
  return (
    <li className={`notice ${tone}`}>
      <span className="notice-text" dir="auto">
        {text}
      </span>
      {count > 1 && (
        <span className="notice-count">
          <span aria-hidden="true">×{count}</span>
          <span className="visually-hidden">{count} times</span>
        </span>
      )}
      {tone === 'problem' && (
        <button
          type="button"
          className="link-button"
          aria-label={`Dismiss: ${text}`}
          title="Dismiss"
          onClick={() => onDismiss(id)}
        >
          <CloseIcon />
        </button>
      )}
    </li>
  );
}

function followScreen(changed: () => void): () => void {
  const query = matchMedia(SMALL_SCREEN);
  query.addEventListener('change', changed);
  return () => query.removeEventListener('change', changed);
}
