// The first page: open a room, enter one, or look at recordings.
import { useEffect, useState, type FormEvent } from 'react';
import { navigate, roomIdIn } from '../router.ts';
import { Brand } from './brand.tsx';
import { Illustration } from './illustration.tsx';
import { Link } from './link.tsx';
import { NewRoomButton } from './new-room-button.tsx';
import { Problem } from './problem.tsx';

export function Landing() {
  useEffect(() => {
    document.title = 'Parley – video calls on your own server';
  }, []);
  return (
    <div className="page">
      <header className="page-header">
        <Brand />
        <nav>
          <Link to="/recordings" className="quiet-link">
            Recordings
          </Link>
        </nav>
      </header>
      <main className="landing">
        <div className="landing-words">
          <h1>Talk face to face, on a server of your own.</h1>
          <p className="lead">
            Open a room and send its link. Whoever has the link can come in: no account, nothing to install.
          </p>
          <NewRoomButton />
          <EnterRoom />
          <Link to="/check" className="landing-check">
            Check this device and network
          </Link>
        </div>
        <Illustration />
      </main>
    </div>
  );
}

function EnterRoom() {
  const [text, setText] = useState('');
  const [failed, setFailed] = useState(false);
  const enter = (event: FormEvent) => {
    event.preventDefault();
    const room = roomIdIn(text);
    setFailed(!room);
    if (room) navigate(`/r/${room}`);
  };
  return (
    <form className="enter-room" onSubmit={enter} noValidate>
      <label htmlFor="room-code">Have a link or a room code?</label>
      <div className="field-row">
        <input
          id="room-code"
          value={text}
          autoComplete="off"
          spellCheck={false}
          placeholder="Paste it here"
          aria-invalid={failed}
          aria-describedby={failed ? 'room-code-problem' : undefined}
          onChange={(event) => {
            setText(event.target.value);
            setFailed(false);
          }}
        />
        <button type="submit" className="button">
          Enter
        </button>
      </div>
      {failed && (
        <Problem id="room-code-problem">
          This is neither the link nor the code of a room. Copy it once more from the invitation, from its
          first to its last character.
        </Problem>
      )}
    </form>
  );
}
