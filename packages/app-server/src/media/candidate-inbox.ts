// Keeps the candidates of a browser that come before the endpoint they are for. Not their way to the media server.
import type { Candidate } from '@parley/protocol';
import { Refusal } from '../refusal.ts';

/** A browser with ten addresses gathers about forty candidates for a bundled offer. */
export const MAX_CANDIDATES = 256;

export function tooManyCandidates(): Refusal {
  return Refusal.tooManyRequests('too many candidates');
}

export class CandidateInbox {
  #kept: Candidate[] = [];

  /** @throws Refusal ('too-many-requests') */
  keep(candidate: Candidate): void {
    if (this.#kept.length >= MAX_CANDIDATES) throw tooManyCandidates();
    this.#kept.push(candidate);
  }

  /** Empties the inbox and gives what is for the offer with this user fragment, in the order of arrival. */
  take(ufrag: string | undefined): Candidate[] {
    const taken = this.#kept.filter((candidate) => belongsTo(candidate, ufrag));
    this.#kept = [];
    return taken;
  }
}

/**
 * Browsers write their user fragment into candidates (draft-ietf-mmusic-trickle-ice-sip, 4.3: extension `ufrag`), which
 * tells those of the next offer from those of the last one. True when either side does not say.
 */
export function belongsTo(candidate: Candidate, ufrag: string | undefined): boolean {
  const own = / ufrag (\S+)/.exec(candidate.candidate)?.[1];
  return own === undefined || ufrag === undefined || own === ufrag;
}
