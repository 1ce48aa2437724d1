// The offer/answer state of an endpoint: one negotiation, the far side offers. What the SDP means is the subclass's.
import { KurentoError } from '@parley/protocol';
import { SessionEndpoint } from './session-endpoint.ts';

export abstract class SdpEndpoint extends SessionEndpoint {
  /** Always unlimited (0): audio is not held back. */
  readonly maxAudioRecvBandwidth = 0;
  /** In kbit/s, 0: unlimited. Kept here, applied by the subclass to what it asks of the far side. */
  maxVideoRecvBandwidth = 0;
  #negotiating = false;
  #remote: string | undefined;
  #local: string | undefined;

  /**
   * Takes the far side's offer and gives the answer. An offer that is refused leaves the endpoint as it was, so another
   * one may follow.
   * @throws KurentoError SDP_PARSE_ERROR, SDP_END_POINT_ALREADY_NEGOTIATED, and what `negotiate` refuses
   */
  async processOffer(offer: string): Promise<string> {
    if (offer === '') throw new KurentoError('SDP_PARSE_ERROR', 'Empty offer not valid');
    if (this.#negotiating || this.#local !== undefined)
      throw new KurentoError(
        'SDP_END_POINT_ALREADY_NEGOTIATED',
        `'${this.id}' is negotiated: an endpoint takes one offer`,
      );
    this.#negotiating = true;
    try {
      this.#local = await this.negotiate(offer);
      this.#remote = offer;
    } finally {
      this.#negotiating = false;
    }
    this.emitSessionStarted();
    return this.#local;
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

  /** To be called by a subclass that has agreed to another offer of the same session since. */
  protected renegotiated(offer: string, answer: string): void {
    this.#remote = offer;
    this.#local = answer;
  }

  /**
   * Called at most once with success: gives the answer to the offer and makes ready for media.
   * @throws KurentoError SDP_PARSE_ERROR for what is no SDP, SDP_CREATE_ERROR for what cannot be answered; must then
   * leave nothing behind
   */
  protected abstract negotiate(offer: string): string | Promise<string>;
}
