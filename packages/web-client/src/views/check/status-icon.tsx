// The sign beside a line and a verdict; the word beside it says the same.
import type { FindingStatus } from '../../call/check-findings.ts';
import { AlertIcon, CheckIcon, CloseIcon, WaitIcon } from '../icons.tsx';

export type LineStatus = FindingStatus | 'running' | 'waiting';

export function StatusIcon({ status }: { status: LineStatus }) {
  return (
    <span className="check-sign" data-status={status}>
      {sign(status)}
    </span>
  );
}

function sign(status: LineStatus) {
  switch (status) {
    case 'ok':
      return <CheckIcon />;
    case 'warning':
      return <AlertIcon />;
    case 'problem':
      return <CloseIcon />;
    case 'skipped':
      return '–';
    default:
      return <WaitIcon />;
  }
}
