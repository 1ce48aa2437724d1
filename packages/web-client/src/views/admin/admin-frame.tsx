// What the administration's pages have around them: the name, the way back and the way out.
import type { ReactNode } from 'react';
import { signOut } from '../../admin/admin-api.ts';
import { Brand } from '../brand.tsx';

export function AdminFrame({ onSignedOut, children }: { onSignedOut: () => void; children: ReactNode }) {
  const leave = async () => {
    try {
      await signOut();
      onSignedOut();
    } catch (error) {
      console.warn('not signed out', error);
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
      {children}
    </div>
  );
}
