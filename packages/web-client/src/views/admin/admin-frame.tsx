// What the administration's pages have around them: the name, the way back and the way out.
import { useState, type ReactNode } from 'react';
import { AdminError, signOut } from '../../admin/admin-api.ts';
import { Brand } from '../brand.tsx';
import { Problem } from '../problem.tsx';

export function AdminFrame({ onSignedOut, children }: { onSignedOut: () => void; children: ReactNode }) {
  const [failure, setFailure] = useState('');
  const leave = async () => {
    setFailure('');
    try {
      await signOut();
      onSignedOut();
    } catch (error) {
      console.warn('not signed out', error);
      setFailure(
        `You are still signed in. ${(error instanceof AdminError ? error : new AdminError('refused')).message}`,
      );
    }
  };
  return (
    <div className="page admin">
      <header className="page-header">
        <Brand />
        <button type="button" className="button small quiet" onClick={() => void leave()}>
          Sign out
        </button>
      </header>
      {failure && <Problem>{failure}</Problem>}
      {children}
    </div>
  );
}
