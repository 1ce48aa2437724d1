// Deletes a recording, for the owner of its room, after asking.
import { useState } from 'react';
import type { RecordingDescription } from '@parley/protocol';
import { ApiError, deleteRecording } from '../api.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { date } from './format.ts';
import { DeleteIcon } from './icons.tsx';
import { Problem } from './problem.tsx';

export function DeleteRecording({
  recording: { id, room, startedAt, pieces },
  ownerKey,
  onDeleted,
}: {
  recording: RecordingDescription;
  ownerKey: string;
  onDeleted: () => void;
}) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const remove = async () => {
    setBusy(true);
    setFailure('');
    try {
      await deleteRecording(room, id, ownerKey);
      onDeleted();
    } catch (error) {
      console.warn('the recording could not be deleted', error);
      setFailure(error instanceof ApiError ? error.message : 'The recording could not be deleted.');
      setBusy(false);
      // It may have been closed meanwhile.
      setAsking(true);
    }
  };
  const close = () => {
    setAsking(false);
    setFailure('');
  };
  return (
    <>
      <button
        type="button"
        className="button small quiet"
        aria-label={`Delete the recording of ${date(startedAt)}`}
        aria-haspopup="dialog"
        onClick={() => setAsking(true)}
      >
        <DeleteIcon /> Delete
      </button>
      {asking && (
        <ConfirmDialog
          title="Delete this recording?"
          confirm="Delete for everyone"
          busy={busy}
          onConfirm={() => void remove()}
          onCancel={close}
        >
          <p>
            {date(startedAt)}, {pieces.length === 1 ? 'one file' : `${pieces.length} files`}. Nobody will be
            able to watch it any more, and it cannot be brought back.
          </p>
          {failure && <Problem>{failure}</Problem>}
        </ConfirmDialog>
      )}
    </>
  );
}
