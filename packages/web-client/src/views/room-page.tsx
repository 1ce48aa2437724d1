// A room's address: first whether the room is there, then the lobby, then the call, then the way out.
import { useEffect, useState } from 'react';
import type { RoomId, RoomResponse } from '@parley/protocol';
import { ApiError, getRoom } from '../api.ts';
import { openScreen } from '../call/devices.ts';
import { LocalDevices } from '../call/local-devices.ts';
import { NetworkWatch, networkSources } from '../call/network-watch.ts';
import { RoomSession } from '../call/room-session.ts';
import { Signalling } from '../call/signalling.ts';
import {
  rememberDevice,
  rememberedDevice,
  rememberedResume,
  rememberName,
  rememberResume,
  rememberRoom,
} from '../storage.ts';
import { Call } from './call.tsx';
import { Link } from './link.tsx';
import { Lobby } from './lobby.tsx';
import { MessagePage } from './message-page.tsx';
import { RoomGone } from './room-gone.tsx';
import { Waiting } from './waiting.tsx';

export function RoomPage({ room }: { room: RoomId }) {
  // Every visit is a new one: after leaving, "Join again" begins from the lobby.
  const [visit, setVisit] = useState(1);
  return <RoomVisit key={visit} room={room} onAgain={() => setVisit(visit + 1)} />;
}

type Stage =
  | { at: 'door' }
  | { at: 'lobby'; description: RoomResponse }
  | { at: 'call'; session: RoomSession; joinedAt: number }
  | { at: 'left' }
  | { at: 'gone' }
  | { at: 'problem'; text: string };

function RoomVisit({ room, onAgain }: { room: RoomId; onAgain: () => void }) {
  const [stage, setStage] = useState<Stage>({ at: 'door' });
  const [devices] = useState(
    () =>
      new LocalDevices({
        cameraId: rememberedDevice('camera'),
        microphoneId: rememberedDevice('microphone'),
      }),
  );
  useEffect(() => () => devices.close(), [devices]);

  useEffect(() => {
    const asking = new AbortController();
    getRoom(room, asking.signal).then(
      (description) => {
        setStage({ at: 'lobby', description });
        void devices.start();
      },
      (error: unknown) => {
        if (asking.signal.aborted) return;
        console.warn('the room could not be looked up', error);
        if (error instanceof ApiError && error.reason === 'gone') setStage({ at: 'gone' });
        else setStage({ at: 'problem', text: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => asking.abort();
  }, [room, devices]);

  const join = (name: string) => {
    const joinedAt = performance.now();
    rememberName(name);
    rememberRoom(room);
    const { camera, microphone } = devices.snapshot();
    rememberDevice('camera', camera.chosen);
    rememberDevice('microphone', microphone.chosen);
    const session = new RoomSession({
      room,
      name,
      devices,
      openSignalling: (events) => Signalling.open(events),
      createPeerConnection: (configuration) => new RTCPeerConnection(configuration),
      openScreen,
      watchNetwork: (onNews) => new NetworkWatch(networkSources(), onNews),
      resume: rememberedResume(room),
      onResume: (resume) => rememberResume(room, resume),
    });
    void session.join();
    setStage({ at: 'call', session, joinedAt });
  };

  switch (stage.at) {
    case 'door':
      return <Waiting />;
    case 'lobby':
      return <Lobby devices={devices} participants={stage.description.participants} onJoin={join} />;
    case 'call':
      return (
        <Call
          session={stage.session}
          joinedAt={stage.joinedAt}
          onLeft={() => {
            devices.close();
            setStage({ at: 'left' });
          }}
          onAgain={onAgain}
        />
      );
    case 'left':
      return (
        <MessagePage title="You have left the room" text="Your camera and microphone are off.">
          <button type="button" className="button primary" onClick={onAgain}>
            Join again
          </button>
          <Link to={`/recordings?room=${room}`} className="button">
            Recordings of this room
          </Link>
          <Link to="/" className="button">
            Start page
          </Link>
        </MessagePage>
      );
    case 'gone':
      return <RoomGone />;
    case 'problem':
      return (
        <MessagePage title="The room cannot be opened now" text={stage.text}>
          <button type="button" className="button primary" onClick={onAgain}>
            Try again
          </button>
        </MessagePage>
      );
  }
}
