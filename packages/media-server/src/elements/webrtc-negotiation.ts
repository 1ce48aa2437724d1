// What a WebRtcEndpoint and its peer have agreed on: by an offer of either side, later by restarts of ICE. SDP in, SDP out;
// what follows from it is the endpoint's.
import { KurentoError } from '@parley/protocol';
import {
  answerOffer,
  answerRestart,
  makeOffer,
  readAnswer,
  readRestart,
  type LocalSession,
  type Negotiation,
  type OfferedLines,
  type OfferedRestart,
  type OwnOffer,
  type RestartSession,
} from '@parley/rtc';
import type { CandidateLine } from './candidate-gathering.ts';
import { readOrRefuse } from './sdp-refusal.ts';

/** The last restart, kept because its offer may be sent again when the answer was lost on its way. */
interface Restart {
  readonly offer: string;
  readonly former: Negotiation;
}

/** The offer of a restart, when it is one. */
export interface RestartRequest {
  readonly offer: string;
  readonly remote: OfferedRestart;
  /** What it restarts. */
  readonly former: Negotiation;
  /** The very offer of the last restart. */
  readonly isRepeated: boolean;
}

export class WebRtcNegotiation {
  readonly #endpoint: string;
  #ownOffer: OwnOffer | undefined;
  #agreed: Negotiation | undefined;
  #restart: Restart | undefined;

  /** `endpoint`: its id, for refusals. */
  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /** The m-lines that candidates are told for: those agreed on, before that those offered. */
  get lines(): readonly CandidateLine[] {
    if (this.#agreed) return this.#agreed.media.filter(({ accepted }) => accepted);
    return this.#ownOffer?.lines.map(({ mid }, index) => ({ mid, index })) ?? [];
  }

  /** @throws KurentoError SDP_END_POINT_GENERATE_OFFER_ERROR when there is nothing to offer */
  makeOffer(local: LocalSession, lines: OfferedLines): string {
    const own = readOrRefuse('SDP_END_POINT_GENERATE_OFFER_ERROR', () => makeOffer(local, lines));
    this.#ownOffer = own;
    return own.offer;
  }

  /** @throws KurentoError SDP_PARSE_ERROR, SDP_END_POINT_PROCESS_OFFER_ERROR */
  answerOffer(offer: string, local: LocalSession): Negotiation {
    const agreed = readOrRefuse('SDP_END_POINT_PROCESS_OFFER_ERROR', () => answerOffer(offer, local));
    this.#agreed = agreed;
    return agreed;
  }

  /** Takes the answer to `makeOffer`. @throws KurentoError SDP_PARSE_ERROR, SDP_END_POINT_PROCESS_ANSWER_ERROR */
  readAnswer(answer: string): Negotiation {
    const own = this.#ownOffer;
    if (!own) throw new Error('An answer was let through without an offer');
    const agreed = readOrRefuse('SDP_END_POINT_PROCESS_ANSWER_ERROR', () => readAnswer(answer, own));
    this.#agreed = agreed;
    return agreed;
  }

  /**
   * Reads the offer of a restart, and changes nothing yet.
   * @throws KurentoError SDP_END_POINT_NO_REMOTE_SDP_ERROR before the negotiation, SDP_PARSE_ERROR, and
   * SDP_END_POINT_PROCESS_OFFER_ERROR for an offer that changes more or nothing
   */
  readRestart(offer: string): RestartRequest {
    const repeated = this.#restart?.offer === offer ? this.#restart : undefined;
    const former = repeated?.former ?? this.#agreed;
    if (!former) {
      const message = `'${this.#endpoint}' is not negotiated yet`;
      throw new KurentoError('SDP_END_POINT_NO_REMOTE_SDP_ERROR', message);
    }
    const remote = readOrRefuse('SDP_END_POINT_PROCESS_OFFER_ERROR', () => readRestart(offer, former));
    return { offer, remote, former, isRepeated: repeated !== undefined };
  }

  /** Agrees to a restart; gives the answer. */
  answerRestart({ offer, remote, former }: RestartRequest, local: RestartSession): string {
    this.#restart = { offer, former };
    this.#agreed = answerRestart(former, remote, local);
    return this.#agreed.answer;
  }
}
