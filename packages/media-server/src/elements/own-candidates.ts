// Where a WebRtcEndpoint is reached: the candidates of the media port, and those that a STUN and a TURN server add when they
// are gathered. How they are told is `candidate-gathering.ts`.
import { parseCandidate } from '@parley/rtc';
import type { AddressChoice, AnnouncedCandidates } from '../transport/announced-candidates.ts';
import type { StunServer } from '../transport/outside-addresses.ts';
import type { Relay, TurnServer } from '../transport/relay.ts';
import type { WebRtcTransportFactory } from '../transport/webrtc-transport.ts';

export interface CandidateServers {
  readonly stun: StunServer | undefined;
  readonly turn: TurnServer | undefined;
}

export class OwnCandidates {
  readonly #transports: Pick<WebRtcTransportFactory, 'candidates' | 'candidateOutside'>;
  readonly #relay: Pick<Relay, 'candidate'>;
  #announced: AnnouncedCandidates = { all: [], tcp: [] };

  constructor(
    transports: Pick<WebRtcTransportFactory, 'candidates' | 'candidateOutside'>,
    relay: Pick<Relay, 'candidate'>,
  ) {
    this.#transports = transports;
    this.#relay = relay;
  }

  /** Candidate lines, the preferred ones first; none before `choose`. */
  get all(): readonly string[] {
    return this.#announced.all;
  }

  /** Those over TCP alone. */
  get tcp(): readonly string[] {
    return this.#announced.tcp;
  }

  /** Takes those of the media port that an endpoint wants, in place of all before. */
  choose(choice: AddressChoice): void {
    this.#announced = this.#transports.candidates(choice);
  }

  /** Asks the servers for candidates besides `told`, and keeps them; undefined: there is nobody to ask. Never rejects. */
  findMore(
    told: readonly string[],
    { stun, turn }: CandidateServers,
  ): Promise<readonly string[]> | undefined {
    // After a restart by TCP, the peer is to come by nothing else.
    const isOverUdp = told.some((line) => parseCandidate(line)?.transport === 'udp');
    if (!isOverUdp || (!stun && !turn)) return undefined;
    const searches = [
      stun && this.#transports.candidateOutside(stun, told),
      turn && this.#relay.candidate(turn),
    ];
    return this.#add(searches.filter((search) => search !== undefined));
  }

  /** Nobody reaches this side by it any more. */
  forget(line: string): void {
    const { all, tcp } = this.#announced;
    this.#announced = { all: all.filter((each) => each !== line), tcp };
  }

  async #add(searches: readonly Promise<string | undefined>[]): Promise<readonly string[]> {
    const more = (await Promise.all(searches)).filter((found) => found !== undefined);
    const { all, tcp } = this.#announced;
    this.#announced = { all: [...new Set([...all, ...more])], tcp };
    return more;
  }
}
