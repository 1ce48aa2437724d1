// Copies the report as plain text, or shows it where the browser does not let the page copy.
import { useCopying } from '../copying.ts';
import { CheckIcon } from '../icons.tsx';

export function CopyReport({ report }: { report: string }) {
  const { outcome, copy } = useCopying(report);
  return (
    <>
      <button type="button" className="button primary" onClick={() => void copy()}>
        {outcome === 'copied' && <CheckIcon />}
        Copy report
      </button>
      <span className="visually-hidden" role="status">
        {outcome === 'copied' ? 'Report copied' : ''}
      </span>
      {outcome === 'shown' && (
        <textarea
          className="check-report"
          readOnly
          autoFocus
          rows={8}
          value={report}
          aria-label="Report"
          onFocus={(event) => event.target.select()}
        />
      )}
    </>
  );
}
