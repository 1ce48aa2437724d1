// The bar with the call's buttons.
import type { ReactNode } from 'react';
import type { RoomSession } from '../call/room-session.ts';
import type { RoomSnapshot } from '../call/room-view.ts';
import { CameraIcon, LeaveIcon, MicrophoneIcon, RecordIcon, ScreenIcon } from './icons.tsx';

export function Controls({
  session,
  room,
  onLeave,
}: {
  session: RoomSession;
  room: RoomSnapshot;
  onLeave: () => void;
}) {
  const joined = room.phase === 'joined';
  const microphone = room.microphone === 'on';
  const camera = room.camera === 'on';
  const sharing = room.screen === 'on';
  const recording = room.recording !== undefined;
  return (
    <div className="controls" role="group" aria-label="Call">
      <Control
        name={microphone ? 'Mute microphone' : 'Unmute microphone'}
        label={microphone ? 'Mute' : 'Unmute'}
        tone={microphone ? 'plain' : 'off'}
        disabled={room.microphone === 'starting'}
        onPress={() => void session.setMicrophone(!microphone)}
      >
        <MicrophoneIcon off={!microphone} />
      </Control>
      <Control
        name={camera ? 'Stop camera' : 'Start camera'}
        label={camera ? 'Stop camera' : 'Start camera'}
        tone={camera ? 'plain' : 'off'}
        disabled={room.camera === 'starting'}
        onPress={() => void session.setCamera(!camera)}
      >
        <CameraIcon off={!camera} />
      </Control>
      <Control
        name={sharing ? 'Stop sharing' : 'Share screen'}
        label={sharing ? 'Stop sharing' : 'Share screen'}
        tone={sharing ? 'active' : 'plain'}
        disabled={!joined || room.screen === 'starting'}
        onPress={() => (sharing ? session.stopSharing() : void session.shareScreen())}
      >
        <ScreenIcon off={sharing} />
      </Control>
      <Control
        name={recording ? 'Stop recording' : 'Record'}
        label={recording ? 'Stop recording' : 'Record'}
        tone={recording ? 'active' : 'plain'}
        disabled={!joined}
        onPress={() => void (recording ? session.stopRecording() : session.startRecording())}
      >
        <RecordIcon running={recording} />
      </Control>
      <Control name="Leave" label="Leave" tone="leave" onPress={onLeave}>
        <LeaveIcon />
      </Control>
    </div>
  );
}

function Control({
  name,
  label,
  tone,
  disabled = false,
  onPress,
  children,
}: {
  /** What is read out; contains the shorter label that is seen. */
  name: string;
  label: string;
  tone: 'plain' | 'off' | 'active' | 'leave';
  disabled?: boolean;
  onPress: () => void;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      className={`control ${tone}`}
      aria-label={name}
      title={name}
      disabled={disabled}
      onClick={onPress}
    >
      <span className="control-icon">{children}</span>
      <span className="control-label" aria-hidden="true">
        {label}
      </span>
    </button>
  );
}
