// The offer/answer state of an endpoint: one negotiation, begun by either side. What the SDP means is the subclass's.
import { KurentoError } from '@parley/protocol';
import { SessionEndpoint } from './session-endpoint.ts';

/** Which lines an offer of ours has: a kind that is false is left out. */
export interface OfferOptions {
  readonly offerToReceiveAudio: boolean;
  readonly offerToReceiveVideo: boolean;
}

/** 'offering' and 'answering' while the subclass is at work, 'offered' while the far side's answer is waited for. */
type NegotiationState = 'new' | 'offering' | 'offered' | 'answering' | 'negotiated';

export abstract class SdpEndpoint extends SessionEndpoint {
  #maxAudioRecvBandwidth = 0;
  #maxVideoRecvBandwidth = 0;
  #state: NegotiationState = 'new';
  #remote: string | undefined;
  #local: string | undefined;

  /** In kbit/s, 0: unlimited. Kept here, applied by the subclass to what it asks of the far side. */
  get maxAudioRecvBandwidth(): number {
    return this.#maxAudioRecvBandwidth;
  }

  /**
   * The limit stands in the description of this side, so it is to be set before.
   * @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for less than 0, MEDIA_OBJECT_OPERATION_NOT_SUPPORTED
   */
  set maxAudioRecvBandwidth(kilobits: number) {
    this.refuseOnceDescribed('maxAudioRecvBandwidth');
    this.#maxAudioRecvBandwidth = checkedBandwidth(kilobits);
  }

  /** In kbit/s, 0: unlimited. Kept here, applied by the subclass to what it asks of the far side. */
  get maxVideoRecvBandwidth(): number {
    return this.#maxVideoRecvBandwidth;
  }

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for less than 0 */
  set maxVideoRecvBandwidth(kilobits: number) {
    this.#maxVideoRecvBandwidth = checkedBandwidth(kilobits);
  }

  /**
   * Gives an offer; the far side's answer goes to `processAnswer`.
   * @throws KurentoError SDP_END_POINT_ALREADY_NEGOTIATED when an offer was given or taken already, and what `makeOffer`
   * refuses
   */
  async generateOffer(options: Partial<OfferOptions> = {}): Promise<string> {
    this.#begin('offering');
    try {
      const { offerToReceiveAudio = true, offerToReceiveVideo = true } = options;
      this.#local = await this.makeOffer({ offerToReceiveAudio, offerToReceiveVideo });
      this.#state = 'offered';
    } finally {
      if (this.#state === 'offering') this.#state = 'new';
    }
    this.onDescribed();
    return this.#local;
  }

  /**
   * Takes the far side's offer and gives the answer. An offer that is refused leaves the endpoint as it was, so another
   * one may follow.
   * @throws KurentoError SDP_PARSE_ERROR, SDP_END_POINT_ALREADY_NEGOTIATED, and what `negotiate` refuses
   */
  async processOffer(offer: string): Promise<string> {
    if (offer === '') throw new KurentoError('SDP_PARSE_ERROR', 'Empty offer not valid');
    this.#begin('answering');
    try {
      this.#local = await this.negotiate(offer);
      this.#remote = offer;
      this.#state = 'negotiated';
    } finally {
      if (this.#state === 'answering') this.#state = 'new';
    }
    this.emitSessionStarted();
    this.onDescribed();
    return this.#local;
  }

  /**
   * Takes the far side's answer to the offer of `generateOffer` and gives that offer again, as the original does. An answer
   * that is refused may be followed by a better one.
   * @throws KurentoError SDP_PARSE_ERROR, SDP_END_POINT_NOT_OFFER_GENERATED, SDP_END_POINT_ANSWER_ALREADY_PROCCESED, and
   * what `acceptAnswer` refuses
   */
  async processAnswer(answer: string): Promise<string> {
    if (answer === '') throw new KurentoError('SDP_PARSE_ERROR', 'Empty answer not valid');
    if (this.#state === 'new' || this.#state === 'offering')
      throw new KurentoError('SDP_END_POINT_NOT_OFFER_GENERATED', `'${this.id}' has made no offer`);
    if (this.#state !== 'offered')
      throw new KurentoError('SDP_END_POINT_ANSWER_ALREADY_PROCCESED', `'${this.id}' is negotiated already`);
    this.#state = 'answering';
    try {
      await this.acceptAnswer(answer);
      this.#remote = answer;
      this.#state = 'negotiated';
    } finally {
      if (this.#state === 'answering') this.#state = 'offered';
    }
    this.emitSessionStarted();
    return this.getLocalSessionDescriptor();
  }

  /** @throws KurentoError SDP_END_POINT_NO_LOCAL_SDP_ERROR before the negotiation */
  getLocalSessionDescriptor(): string {
    if (this.#local === undefined)
      throw new KurentoError('SDP_END_POINT_NO_LOCAL_SDP_ERROR', `'${this.id}' has no local SDP yet`);
    return this.#local;
  }

  /** @throws KurentoError SDP_END_POINT_NO_REMOTE_SDP_ERROR before the negotiation */
  getRemoteSessionDescriptor(): string {
    if (this.#remote === undefined)
      throw new KurentoError('SDP_END_POINT_NO_REMOTE_SDP_ERROR', `'${this.id}' has no remote SDP yet`);
    return this.#remote;
  }

  /** Whether an offer was given or taken: from then on the description of this side is settled. */
  protected get hasBegunNegotiation(): boolean {
    return this.#state !== 'new';
  }

  /**
   * For the setters of what stands in the description of this side.
   * @throws KurentoError MEDIA_OBJECT_OPERATION_NOT_SUPPORTED when an offer was given or taken
   */
  protected refuseOnceDescribed(property: string): void {
    if (!this.hasBegunNegotiation) return;
    const message = `'${property}' has to be set before the negotiation, which '${this.id}' has begun`;
    throw new KurentoError('MEDIA_OBJECT_OPERATION_NOT_SUPPORTED', message);
  }

  /** Called when the description of this side stands: as the offer, or with the session as the answer. */
  protected onDescribed(): void {}

  /** To be called by a subclass whose description of this side has got more exact since, without another negotiation. */
  protected describedAgain(local: string): void {
    this.#local = local;
  }

  /** To be called by a subclass that has agreed to another offer of the same session since. */
  protected renegotiated(offer: string, answer: string): void {
    this.#remote = offer;
    this.#local = answer;
  }

  /**
   * Called at most once with success: gives the answer to the offer and makes ready for media.
   * @throws KurentoError SDP_PARSE_ERROR for what is no SDP, SDP_END_POINT_PROCESS_OFFER_ERROR for what cannot be
   * answered; must then leave nothing behind
   */
  protected abstract negotiate(offer: string): string | Promise<string>;

  /**
   * Called at most once with success: gives the offer and makes ready for its answer.
   * @throws KurentoError SDP_END_POINT_GENERATE_OFFER_ERROR; must then leave nothing behind
   */
  protected abstract makeOffer(options: OfferOptions): string | Promise<string>;

  /**
   * Called at most once with success, after `makeOffer`: makes ready for media as the answer says.
   * @throws KurentoError SDP_PARSE_ERROR for what is no SDP, SDP_END_POINT_PROCESS_ANSWER_ERROR for what does not go with
   * the offer; must then leave everything as it was
   */
  protected abstract acceptAnswer(answer: string): void | Promise<void>;

  #begin(state: 'offering' | 'answering'): void {
    if (this.#state !== 'new')
      throw new KurentoError(
        'SDP_END_POINT_ALREADY_NEGOTIATED',
        `'${this.id}' is negotiated: an endpoint takes one offer, or gives one`,
      );
    this.#state = state;
  }
}

function checkedBandwidth(kilobits: number): number {
  if (kilobits >= 0) return kilobits;
  throw new KurentoError('MEDIA_OBJECT_ILLEGAL_PARAM_ERROR', 'A bandwidth is in kbit/s, 0 for no limit');
}
