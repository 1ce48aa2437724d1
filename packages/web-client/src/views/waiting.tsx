// A page that is not there yet; says so when that takes its time.
import { Brand } from './brand.tsx';

export function Waiting() {
  return (
    <div className="page" aria-busy="true">
      <header className="page-header">
        <Brand />
      </header>
      <main className="message-page">
        <p className="waiting">One moment…</p>
      </main>
    </div>
  );
}
