// One step of the check: what it is, how it stands, what was found and what to do.
import { useMemo } from 'react';
import type { CheckStep, Finding } from '../../call/check-findings.ts';
import { STATUS_LABELS, STEP_LABELS } from '../../call/check-verdict.ts';
import { LevelBar } from '../level-bar.tsx';
import { Stage } from '../stage.tsx';
import { StatusIcon, type LineStatus } from './status-icon.tsx';

export function CheckLine({
  step,
  finding,
  running,
  track,
}: {
  step: CheckStep;
  finding: Finding | undefined;
  running: boolean;
  /** Of the camera or microphone, while it is open. */
  track: MediaStreamTrack | undefined;
}) {
  const status: LineStatus = running ? 'running' : (finding?.status ?? 'waiting');
  const preview = useMemo(
    () => (step === 'camera' && track ? new MediaStream([track]) : undefined),
    [step, track],
  );
  return (
    <li className="check-line" aria-label={STEP_LABELS[step]} data-status={status}>
      <StatusIcon status={status} />
      <div className="check-words">
        <p className="check-label">
          <strong>{STEP_LABELS[step]}</strong>
          <span className="check-status">{statusWord(status)}</span>
        </p>
        {!running && finding && (
          <>
            <p>{finding.words}</p>
            {finding.remedy && <p className="check-remedy">{finding.remedy}</p>}
            {finding.numbers && <p className="check-numbers">{finding.numbers}</p>}
          </>
        )}
        {step === 'microphone' && track && <LevelBar track={track} />}
      </div>
      {preview && (
        <div className="check-preview">
          <Stage media={preview} mirrored label="Preview of your camera" />
        </div>
      )}
    </li>
  );
}

function statusWord(status: LineStatus): string {
  if (status === 'running') return 'Checking…';
  return status === 'waiting' ? '' : STATUS_LABELS[status];
}
