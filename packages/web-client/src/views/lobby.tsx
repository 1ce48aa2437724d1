// Before the call: name, camera, microphone, and a test of both.
import { useEffect, useMemo, useState, useSyncExternalStore, type FormEvent } from 'react';
import { ParticipantName } from '@parley/protocol';
import { sentencesAboutDevices } from '../call/devices.ts';
import type { LocalDevices } from '../call/local-devices.ts';
import { Signalling } from '../call/signalling.ts';
import { TestSession } from '../call/test-session.ts';
import { rememberedName } from '../storage.ts';
import { useFocusOnArrival } from './arrival.ts';
import { Brand } from './brand.tsx';
import { DeviceSelect } from './device-select.tsx';
import { CameraIcon, MicrophoneIcon } from './icons.tsx';
import { LevelBar } from './level-bar.tsx';
import { Problem } from './problem.tsx';
import { Stage } from './stage.tsx';
import { TestPanel } from './test-panel.tsx';

/** As the server has it, so that no name is refused after "Join". */
const LONGEST_NAME = 64;

export function Lobby({
  devices,
  participants,
  onJoin,
}: {
  devices: LocalDevices;
  participants: number;
  onJoin: (name: string) => void;
}) {
  const { camera, microphone } = useSyncExternalStore(devices.subscribe, devices.snapshot);
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const [name, setName] = useState(rememberedName);
  const [nameProblem, setNameProblem] = useState('');
  const [test, setTest] = useState<TestSession>();

  useEffect(() => {
    document.title = 'Join the room – Parley';
  }, []);
  useEffect(() => () => test?.close(), [test]);

  const preview = useMemo(() => (camera.track ? new MediaStream([camera.track]) : undefined), [camera.track]);
  // What is switched off is not tested.
  const microphoneTrack = microphone.wanted ? microphone.track : undefined;
  const tracks = useMemo(
    () => [microphoneTrack, camera.track].filter((track) => track !== undefined),
    [microphoneTrack, camera.track],
  );

  const join = (event: FormEvent) => {
    event.preventDefault();
    const parsed = ParticipantName.safeParse(name);
    setNameProblem(parsed.success ? '' : sentenceAboutName(name));
    if (!parsed.success) return document.getElementById('name')?.focus();
    test?.close();
    onJoin(parsed.data);
  };
  const openTest = () =>
    setTest(
      new TestSession({
        openSignalling: (events) => Signalling.open(events),
        createPeerConnection: (configuration) => new RTCPeerConnection(configuration),
      }),
    );

  return (
    <div className="page">
      <header className="page-header">
        <Brand />
      </header>
      <main className="lobby">
        <section className="lobby-stage" aria-label="Your picture">
          {test ? (
            <TestPanel test={test} preview={preview} tracks={tracks} onDone={() => setTest(undefined)} />
          ) : (
            <>
              <Stage media={preview} mirrored label="Preview of your camera">
                {!preview && <p className="stage-message">{previewMessage(camera)}</p>}
              </Stage>
              <div className="lobby-switches">
                <Toggle
                  what="microphone"
                  on={microphone.wanted && microphone.track !== undefined}
                  disabled={!microphone.track}
                  onToggle={(on) => void devices.setWanted('microphone', on)}
                />
                <Toggle
                  what="camera"
                  on={camera.wanted && camera.track !== undefined}
                  disabled={camera.opening || (!camera.track && camera.wanted)}
                  onToggle={(on) => void devices.setWanted('camera', on)}
                />
                <LevelBar track={microphone.wanted ? microphone.track : undefined} />
              </div>
            </>
          )}
        </section>
        <form className="lobby-form" onSubmit={join} noValidate>
          <h1 ref={heading} tabIndex={-1}>
            Ready to join?
          </h1>
          <p className="lobby-who">{whoIsThere(participants)}</p>
          <label className="field">
            Your name
            <input
              id="name"
              value={name}
              maxLength={LONGEST_NAME}
              autoComplete="name"
              aria-invalid={nameProblem !== ''}
              aria-describedby={nameProblem ? 'name-problem' : undefined}
              onChange={(event) => {
                setName(event.target.value);
                setNameProblem('');
              }}
            />
          </label>
          {nameProblem && <Problem id="name-problem">{nameProblem}</Problem>}
          <DeviceSelect label="Camera" state={camera} onChoose={(id) => void devices.choose('camera', id)} />
          <DeviceSelect
            label="Microphone"
            state={microphone}
            onChoose={(id) => void devices.choose('microphone', id)}
          />
          {sentencesAboutDevices([camera.failure, microphone.failure]).map((sentence) => (
            <Problem key={sentence}>{sentence}</Problem>
          ))}
          {(camera.failure ?? microphone.failure) && (
            <p className="lobby-hint">
              You can still join and see and hear the others.{' '}
              <button type="button" className="link-button" onClick={() => void devices.start()}>
                Try the devices again
              </button>
              <a href="/check" target="_blank" rel="noopener">
                Check this device and network
              </a>
            </p>
          )}
          <div className="lobby-actions">
            <button type="submit" className="button primary large">
              Join
            </button>
            <button
              type="button"
              className="button"
              disabled={test !== undefined || tracks.length === 0}
              onClick={openTest}
            >
              Test camera and microphone
            </button>
          </div>
        </form>
      </main>
    </div>
  );
}

function Toggle({
  what,
  on,
  disabled,
  onToggle,
}: {
  what: 'camera' | 'microphone';
  on: boolean;
  disabled: boolean;
  onToggle: (on: boolean) => void;
}) {
  const label = `Turn ${what} ${on ? 'off' : 'on'}`;
  return (
    <button
      type="button"
      className={on ? 'round' : 'round off'}
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={() => onToggle(!on)}
    >
      {what === 'camera' ? <CameraIcon off={!on} /> : <MicrophoneIcon off={!on} />}
    </button>
  );
}

function sentenceAboutName(name: string): string {
  return name.trim() === ''
    ? 'Type a name first, so that the others know who you are.'
    : 'This name has characters that cannot be shown. Type it anew.';
}

function previewMessage(camera: { opening: boolean; wanted: boolean; failure: unknown }): string {
  if (camera.opening) return 'Starting your camera… If your browser asks, allow it.';
  if (camera.failure) return 'No picture from your camera';
  return camera.wanted ? 'Starting your camera…' : 'Your camera is off';
}

function whoIsThere(participants: number): string {
  if (participants === 0) return 'Nobody is here yet.';
  return participants === 1 ? 'One person is here.' : `${participants} people are here.`;
}
