// Whether the other side of a session is ICE-lite, and the candidates that its description names (RFC 8839, section 5).
// Everything else of a description is read by offer.ts.
import { parseCandidate } from './candidate.ts';

/** A server's description for a few lines at some addresses has fewer; all lines of a bundle name the same ones. */
const MAX_CANDIDATES = 32;

export interface RemoteIce {
  readonly lite: boolean;
  /** As they stand in the description, without `a=`, each once; what cannot be read is left out. */
  readonly candidates: readonly string[];
}

/** @param description that was read and agreed to */
export function readRemoteIce(description: string): RemoteIce {
  const attributes = description.split(/\r\n|\r|\n/).filter((line) => line.startsWith('a='));
  const candidates = attributes
    .filter((line) => line.startsWith('a=candidate:'))
    .map((line) => line.slice('a='.length))
    .filter((line) => parseCandidate(line) !== undefined);
  return {
    lite: attributes.some((line) => line.trimEnd() === 'a=ice-lite'),
    candidates: [...new Set(candidates)].slice(0, MAX_CANDIDATES),
  };
}
