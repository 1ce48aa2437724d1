// Copies a text for whoever pressed a button, and remembers for a moment that it did. What is shown then is the view's.
import { useEffect, useState } from 'react';

/** `copied`: a moment ago. `shown`: the browser does not let this page copy, so that the text has to be shown. */
export type CopyOutcome = 'none' | 'copied' | 'shown';

/** How long the confirmation stays, in ms. */
const CONFIRMATION_MS = 2_500;

export function useCopying(text: string): { outcome: CopyOutcome; copy: () => Promise<void> } {
  const [outcome, setOutcome] = useState<CopyOutcome>('none');
  useEffect(() => {
    if (outcome !== 'copied') return;
    const timer = setTimeout(() => setOutcome('none'), CONFIRMATION_MS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome('copied');
    } catch (error) {
      // Not over plain HTTP, and not when the person forbids it.
      console.info('the browser does not let this page copy', error);
      setOutcome('shown');
    }
  };
  return { outcome, copy };
}
