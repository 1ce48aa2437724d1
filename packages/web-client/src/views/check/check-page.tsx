// Before a meeting: checks camera, microphone and network of whoever opens it, and says what it means in words that can be
// copied into a mail.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { CHECK_STEPS } from '../../call/check-findings.ts';
import { CheckSession, type CheckSnapshot } from '../../call/check-session.ts';
import { reportOf, verdictOf, weighed } from '../../call/check-verdict.ts';
import { LevelMeter } from '../../call/level-meter.ts';
import { LocalDevices } from '../../call/local-devices.ts';
import { Signalling } from '../../call/signalling.ts';
import { StandInMedia } from '../../call/stand-in-media.ts';
import { measureDown, measureUp } from '../../call/throughput.ts';
import { rememberedDevice } from '../../storage.ts';
import { useFocusOnArrival } from '../arrival.ts';
import { Brand } from '../brand.tsx';
import { CheckLine } from './check-line.tsx';
import { CopyReport } from './copy-report.tsx';
import { StatusIcon } from './status-icon.tsx';

function newSession(): CheckSession {
  return new CheckSession({
    openDevices: () =>
      new LocalDevices({
        cameraId: rememberedDevice('camera'),
        microphoneId: rememberedDevice('microphone'),
      }),
    listen: (track) => new LevelMeter(track),
    openSignalling: (events) => Signalling.open(events),
    createPeerConnection: (configuration) => new RTCPeerConnection(configuration),
    standIn: () => new StandInMedia(),
    measureDown,
    measureUp,
  });
}

export function CheckPage() {
  const heading = useFocusOnArrival<HTMLHeadingElement>();
  const [session] = useState(newSession);
  const snapshot = useSyncExternalStore(session.subscribe, session.snapshot);
  const { phase, running } = snapshot;
  useEffect(() => {
    document.title = 'Check this device and network – Parley';
  }, []);
  useEffect(() => () => session.close(), [session]);
  const findings = phase === 'done' ? weighed(snapshot.findings) : snapshot.findings;
  return (
    <div className="page">
      <header className="page-header">
        <Brand />
      </header>
      <main className="check">
        <h1 ref={heading} tabIndex={-1}>
          Check this device and network
        </h1>
        <CheckVerdict snapshot={snapshot} onStart={() => void session.run()} />
        <ul className="check-lines" aria-label="What is checked">
          {CHECK_STEPS.map((step) => (
            <CheckLine
              key={step}
              step={step}
              finding={findings[step]}
              running={running === step}
              track={step === 'camera' || step === 'microphone' ? snapshot[step] : undefined}
            />
          ))}
        </ul>
      </main>
    </div>
  );
}

function CheckVerdict({ snapshot, onStart }: { snapshot: CheckSnapshot; onStart: () => void }) {
  const { phase, findings, endedAt } = snapshot;
  if (phase !== 'done')
    return (
      <section className="check-verdict" aria-label="Verdict">
        <div role="status">
          <h2>{phase === 'running' ? 'Checking…' : 'Find out before the meeting'}</h2>
          <p>
            {phase === 'running'
              ? 'If your browser asks for camera and microphone, allow them, and say a word or two.'
              : 'Tries your camera and microphone, and each way to this server. Takes less than a minute. Nothing is recorded, and nobody sees or hears you.'}
          </p>
        </div>
        {phase === 'idle' && (
          <div className="check-actions">
            <button type="button" className="button primary" onClick={onStart}>
              Start the check
            </button>
          </div>
        )}
      </section>
    );
  const verdict = verdictOf(findings);
  const report = reportOf({
    findings,
    browser: navigator.userAgent,
    server: location.origin,
    at: endedAt,
  });
  return (
    <section className="check-verdict" data-status={verdict.status} aria-label="Verdict">
      <div role="status">
        <h2>
          <StatusIcon status={verdict.status} />
          {verdict.title}
        </h2>
        <p>{verdict.text}</p>
      </div>
      <div className="check-actions">
        <CopyReport report={report} />
        <button type="button" className="button" onClick={onStart}>
          Check again
        </button>
      </div>
    </section>
  );
}
