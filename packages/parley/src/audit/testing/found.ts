// What a judgement comes to, in a form that tests compare.
import type { Judgement } from '../judgement.ts';

/** The ids of what was found; what is left out or failed is said as such. */
export async function found(judgement: Judgement | Promise<Judgement>): Promise<string[] | string> {
  const made = await judgement;
  return made.outcome === 'judged' ? made.findings.map(({ id }) => id) : made.outcome;
}
