// The door of the administration: asks for the token.
import { useEffect, useState, type FormEvent } from 'react';
import { AdminError, signIn } from '../../admin/admin-api.ts';
import { useFocusOnArrival } from '../arrival.ts';
import { Brand } from '../brand.tsx';
import { Problem } from '../problem.tsx';

export function SignIn({ onSignedIn }: { onSignedIn: () => void }) {
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    document.title = 'Administration – Parley';
  }, []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      await signIn(token.trim());
      onSignedIn();
    } catch (error) {
      console.warn('not signed in', error);
      setFailure(new AdminError('refused').message);
      if (error instanceof AdminError) setFailure(error.message);
      setBusy(false);
    }
  };
  return (
    <div className="page">
      <header className="page-header">
        <Brand />
      </header>
      <main className="message-page">
        <h1 ref={heading} tabIndex={-1}>
          Administration
        </h1>
        <p>
          Here you see how every stream of this server came about, message by message, and what stood in its
          way.
        </p>
        <form className="sign-in" onSubmit={(event) => void submit(event)}>
          <label className="field">
            Administrator’s token
            <input
              type="password"
              value={token}
              required
              autoComplete="current-password"
              spellCheck={false}
              aria-invalid={failure !== undefined}
              aria-describedby="token-help"
              onChange={(event) => {
                setToken(event.target.value);
                setFailure(undefined);
              }}
            />
          </label>
          <p id="token-help" className="sign-in-help">
            Parley made it at its first start and printed it in the terminal, below the addresses. It is also
            in the file <code>admin-token</code> of the data folder, which only the user that runs Parley can
            read.
          </p>
          {failure !== undefined && <Problem>{failure}</Problem>}
          <div className="actions">
            <button type="submit" className="button primary" disabled={busy || token.trim() === ''}>
              Sign in
            </button>
          </div>
        </form>
      </main>
    </div>
  );
}
