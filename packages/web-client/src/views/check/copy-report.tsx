// Copies the report as plain text, or shows it where the browser does not let the page copy.
import { useEffect, useState } from 'react';
import { CheckIcon } from '../icons.tsx';

/** How long the confirmation stays, in ms. */
const CONFIRMATION_MS = 2_500;

export function CopyReport({ report }: { report: string }) {
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'shown'>('none');
  useEffect(() => {
    if (outcome !== 'copied') return;
    const timer = setTimeout(() => setOutcome('none'), CONFIRMATION_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(report);
      setOutcome('copied');
    } catch (error) {
      // Not over plain HTTP, and not when the person forbids it.
      console.info('the browser does not let this page copy', error);
      setOutcome('shown');
    }
  };
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
