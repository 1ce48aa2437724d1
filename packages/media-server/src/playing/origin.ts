// Where the times of a file begin.

/** What may lie before the first frame, in ms; a live stream that was joined late counts from its first frame. */
const MAX_LEAD_MS = 1_000;

/** The time that counts as the start. `first`: that of the first frame, in ms; Infinity when there is none. */
export function originOf(first: number): number {
  return first > MAX_LEAD_MS && first < Infinity ? first : 0;
}
