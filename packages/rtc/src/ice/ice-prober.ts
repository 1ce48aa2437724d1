// The checks that a lite agent sends after all, to a peer that is lite as well and so sends none (RFC 8445, section 2.5,
// leaves such a pair without a proof that the way is open). Time in, checks and deadlines out; it knows no sockets.
import { IceChecks } from './ice-checks.ts';
import type { IceCredentials } from './ice-credentials.ts';
import type { IceSource } from './ice-lite-agent.ts';

/** RFC 8445, section 14.2 (Ta): between the first checks of two candidates, in ms. */
const PACE_MS = 50;
/** RFC 8489, section 6.2.1: the first repetition after RTO, then after twice as long each, Rc of them. */
const RTO_MS = 500;
const MAX_CHECKS = 7;
/** How often the peer is asked for its consent, in ms; as browsers do (RFC 7675, section 5.1 allows up to 5 s). */
const CONSENT_INTERVAL_MS = 2_500;
/** A server has some addresses; more would be somebody who wants us to send checks to the whole world. */
const MAX_CANDIDATES = 10;

export interface IceCheck<Source extends IceSource> {
  readonly bytes: Buffer;
  readonly to: Source;
}

interface Candidate<Source extends IceSource> {
  readonly source: Source;
  checks: number;
  nextAt: number;
}

export class IceProber<Source extends IceSource = IceSource> {
  readonly #checks: IceChecks<Source>;
  readonly #candidates: Candidate<Source>[] = [];
  #answered: Source | undefined;

  constructor(local: IceCredentials, remote: IceCredentials) {
    this.#checks = new IceChecks(local, remote, 'controlling');
  }

  /** Takes a candidate of the peer. One too many, or one that is known, changes nothing. */
  add(source: Source, now: number): void {
    const isKnown = this.#candidates.some(
      ({ source: { address, port } }) => address === source.address && port === source.port,
    );
    if (isKnown || this.#candidates.length >= MAX_CANDIDATES) return;
    const waiting = this.#candidates.filter(({ checks }) => checks === 0).length;
    this.#candidates.push({ source, checks: 0, nextAt: now + waiting * PACE_MS });
  }

  /** The checks that are due; to be called every few ten milliseconds. `now` in ms. */
  due(now: number): IceCheck<Source>[] {
    const due = this.#candidates.filter((candidate) => this.#isDue(candidate, now));
    return due.map((candidate) => {
      const isConsent = candidate.source === this.#answered;
      candidate.nextAt = now + (isConsent ? CONSENT_INTERVAL_MS : RTO_MS * 2 ** candidate.checks);
      candidate.checks++;
      return { bytes: this.#checks.ask(candidate.source), to: candidate.source };
    });
  }

  /**
   * Takes a STUN message that came from `from`. Gives the candidate that has answered, whether for the first time or to show
   * its consent; undefined for everything that is no authentic answer of the very address that was asked.
   */
  handleAnswer(bytes: Buffer, from: IceSource): Source | undefined {
    const asked = this.#checks.answered(
      bytes,
      ({ address, port }) => address === from.address && port === from.port,
    );
    this.#answered ??= asked;
    return asked;
  }

  /** Once one has answered, the others are left alone. */
  #isDue({ source, checks, nextAt }: Candidate<Source>, now: number): boolean {
    if (now < nextAt) return false;
    return this.#answered === undefined ? checks < MAX_CHECKS : source === this.#answered;
  }
}
