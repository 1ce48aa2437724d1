// What a check of the audit says.
import type { SecurityFinding } from '@parley/protocol';

export type Judgement =
  /** `looked`: what was tried, in one line; said when nothing was found. */
  | { readonly outcome: 'judged'; readonly findings: readonly SecurityFinding[]; readonly looked: string }
  /** There is no such thing to judge here, or not now. */
  | { readonly outcome: 'left-out'; readonly why: string }
  /** It should have been judged, and could not. */
  | { readonly outcome: 'failed'; readonly why: string };

export function judged(looked: string, ...findings: (SecurityFinding | undefined)[]): Judgement {
  return { outcome: 'judged', looked, findings: findings.filter((one) => one !== undefined) };
}

export function leftOut(why: string): Judgement {
  return { outcome: 'left-out', why };
}

export function failed(why: string): Judgement {
  return { outcome: 'failed', why };
}

export const NOT_RUNNING = leftOut('Parley is not running');

/** At most this many examples are named; more are counted. */
const MAX_NAMED = 4;

/** `a, b, c, d and 3 more` */
export function listed(items: readonly string[]): string {
  const named = items.slice(0, MAX_NAMED).join(', ');
  return items.length > MAX_NAMED ? `${named} and ${items.length - MAX_NAMED} more` : named;
}
