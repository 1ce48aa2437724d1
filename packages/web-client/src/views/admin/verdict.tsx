// How a session or a leg fares, in a colour, a drawing and words: none of the three stands alone.
import type { LegStatus, Verdict } from '@parley/protocol';
import { AlertIcon, CheckIcon, StopIcon, WaitIcon } from '../icons.tsx';

const LEVELS: Readonly<Record<Verdict['level'], string>> = {
  good: 'Good',
  establishing: 'Being established',
  repairing: 'Being repaired',
  failed: 'Failed',
  ended: 'Ended',
};

/** The large one at the top of a session's page. */
export function VerdictBanner({ verdict: { level, text } }: { verdict: Verdict }) {
  return (
    <p className={`verdict ${level}`} role="status">
      <LevelIcon level={level} />
      <span>
        <strong>{LEVELS[level]}</strong>
        <span className="verdict-text">{text}</span>
      </span>
    </p>
  );
}

/** The small one in lists. */
export function LevelBadge({ level }: { level: Verdict['level'] }) {
  return (
    <span className={`badge ${level}`}>
      <LevelIcon level={level} />
      {LEVELS[level]}
    </span>
  );
}

export function LegBadge({ status: { state } }: { status: LegStatus }) {
  return <LevelBadge level={state === 'confirmed' ? 'good' : state} />;
}

function LevelIcon({ level }: { level: Verdict['level'] }) {
  if (level === 'good') return <CheckIcon />;
  if (level === 'ended') return <StopIcon />;
  return level === 'failed' ? <AlertIcon /> : <WaitIcon />;
}
