// Asks once more before something that cannot be undone. The browser's own modal dialog: the Tab key stays in it, Escape
// closes it, and the focus returns to where it was.
import { useId, useLayoutEffect, useRef, type ReactNode } from 'react';

export function ConfirmDialog({
  title,
  confirm,
  busy,
  onConfirm,
  onCancel,
  children,
}: {
  title: string;
  /** What the button that does it says. */
  confirm: string;
  busy: boolean;
  onConfirm: () => void;
  /** It was closed without. */
  onCancel: () => void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [titleId, wordsId] = [useId(), useId()];
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    // Before it is taken away: only then the focus returns.
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      role="alertdialog"
      aria-labelledby={titleId}
      aria-describedby={wordsId}
      onCancel={(event) => {
        event.preventDefault();
        if (!busy) onCancel();
      }}
      // Browsers keep none open against who presses Escape again and again.
      onClose={({ currentTarget }) => {
        if (!currentTarget.open) onCancel();
      }}
    >
      <h2 id={titleId}>{title}</h2>
      <div id={wordsId} className="dialog-words">
        {children}
      </div>
      {/* The first one has the focus: whoever presses a key by mistake does no harm. */}
      <div className="dialog-actions">
        <button type="button" className="button" disabled={busy} onClick={onCancel}>
          Cancel
        </button>
        <button type="button" className="button danger" disabled={busy} onClick={onConfirm}>
          {confirm}
        </button>
      </div>
    </dialog>
  );
}
