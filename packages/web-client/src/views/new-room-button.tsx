// Opens a new room and goes there.
import { useState } from 'react';
import { ApiError, createRoom } from '../api.ts';
import { navigate } from '../router.ts';
import { rememberOwnerKey } from '../storage.ts';
import { Problem } from './problem.tsx';

export function NewRoomButton() {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const open = async () => {
    setBusy(true);
    setFailure('');
    try {
      const { id, ownerKey } = await createRoom();
      rememberOwnerKey(id, ownerKey);
      navigate(`/r/${id}`);
    } catch (error) {
      console.warn('no room could be opened', error);
      setFailure(
        error instanceof ApiError ? error.message : 'No room could be opened. Try again in a moment.',
      );
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" className="button primary large" disabled={busy} onClick={() => void open()}>
        New room
      </button>
      {failure && <Problem>{failure}</Problem>}
    </>
  );
}
