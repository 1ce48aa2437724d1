// Copies the page's link, or shows it where the browser does not let the page copy.
import { useCopying } from './copying.ts';
import { CheckIcon, LinkIcon } from './icons.tsx';

/** `what` names the link for those who do not see the page. */
export function CopyLink({ what = 'Link to this room' }: { what?: string }) {
  const link = location.href;
  const { outcome, copy } = useCopying(link);
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
