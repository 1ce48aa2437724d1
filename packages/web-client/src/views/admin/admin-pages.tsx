// The administration's pages, behind the administrator's token. Loaded apart from the call's page.
import '../../styles/admin.css';
import '../../styles/sequence.css';
import { useState } from 'react';
import type { SessionId } from '@parley/protocol';
import { SessionList } from './session-list.tsx';
import { SessionPage } from './session-page.tsx';
import { SignIn } from './sign-in.tsx';

/** `session` undefined: the list of all. */
export function AdminPages({ session }: { session: SessionId | undefined }) {
  // Whether the cookie is there only the server can say: a page tries, and asks to sign in when it is refused.
  const [signedIn, setSignedIn] = useState(true);
  const signedOut = () => setSignedIn(false);
  if (!signedIn) return <SignIn onSignedIn={() => setSignedIn(true)} />;
  if (session === undefined) return <SessionList onSignedOut={signedOut} />;
  return <SessionPage key={session} session={session} onSignedOut={signedOut} />;
}
