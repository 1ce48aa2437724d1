// Copies the page's link, or shows it where the browser does not let the page copy.
import { useEffect, useState } from 'react';
import { CheckIcon, LinkIcon } from './icons.tsx';

/** How long the confirmation stays, in ms. */
const CONFIRMATION_MS = 2_500;

/** `what` names the link for those who do not see the page. */
export function CopyLink({ what = 'Link to this room' }: { what?: string }) {
  const [outcome, setOutcome] = useState<'none' | 'copied' | 'shown'>('none');
  const link = location.href;
  useEffect(() => {
    if (outcome !== 'copied') return;
    const timer = setTimeout(() => setOutcome('none'), CONFIRMATION_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      setOutcome('copied');
    } catch (error) {
      // Not over plain HTTP, and not when the person forbids it.
      console.info('the browser does not let this page copy', error);
      setOutcome('shown');
    }
  };
  return (
    <span className="copy-link">
      {outcome === 'shown' && (
        <input
          className="copy-link-text"
          readOnly
          autoFocus
          value={link}
          aria-label={what}
          onFocus={(event) => event.target.select()}
        />
      )}
      <span className="copy-link-status" role="status">
        {outcome === 'copied' ? 'Link copied' : ''}
      </span>
      <button type="button" className="button small" aria-label="Copy link" onClick={() => void copy()}>
        {outcome === 'copied' ? <CheckIcon /> : <LinkIcon />}
        <span className="copy-link-label" aria-hidden="true">
          Copy link
        </span>
      </button>
    </span>
  );
}
