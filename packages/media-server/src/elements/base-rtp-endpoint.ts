// An endpoint whose media is RTP: the state of its transport and of its media as told to clients, bounds on bitrates, and key
// frames. Nothing is encoded here, so a bound takes effect at whoever makes the video.
import { KurentoError, type MediaType } from '@parley/protocol';
import { VideoBounds } from '../forwarding/video-bounds.ts';
import type { StatsRecord } from './element-stats.ts';
import { checkedRembParams, OWN_REMB_PARAMS, type RembParams } from './remb-params.ts';
import { checkedBitrate } from './media-element.ts';
import { SdpEndpoint } from './sdp-endpoint.ts';

/** In bytes. What is played is cut for it; what is forwarded has the size that its sender gave it. */
const MTU = 1200;

export type ConnectedState = 'DISCONNECTED' | 'CONNECTED';

export abstract class BaseRtpEndpoint extends SdpEndpoint {
  #mediaState: ConnectedState = 'DISCONNECTED';
  #connectionState: ConnectedState = 'DISCONNECTED';
  #minVideoSendBandwidth = 0;
  #rembParams: RembParams | undefined;
  /** For the subclass's RTP session. */
  protected readonly videoBounds = new VideoBounds();

  /** In kbit/s: a sender without feedback of its own is not asked for less, however much is lost; 0: no bound. */
  get minVideoRecvBandwidth(): number {
    return this.videoBounds.minReceive / 1000;
  }

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for less than 0 */
  set minVideoRecvBandwidth(kilobits: number) {
    this.videoBounds.minReceive = checkedBitrate(kilobits) * 1000;
  }

  /** In kbit/s, 0: no bound. Whoever sends the video that goes to the peer is asked for no more. */
  get maxVideoSendBandwidth(): number {
    return this.videoBounds.maxSend / 1000;
  }

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for less than 0 */
  set maxVideoSendBandwidth(kilobits: number) {
    this.videoBounds.maxSend = checkedBitrate(kilobits) * 1000;
  }

  /** In kbit/s. Holds by itself: nothing that the peer says as a receiver lessens what is sent to it. */
  get minVideoSendBandwidth(): number {
    return this.#minVideoSendBandwidth;
  }

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR for less than 0 */
  set minVideoSendBandwidth(kilobits: number) {
    this.#minVideoSendBandwidth = checkedBitrate(kilobits);
  }

  get mtu(): number {
    return MTU;
  }

  /** @throws KurentoError NOT_IMPLEMENTED for another one */
  set mtu(bytes: number) {
    if (bytes === MTU) return;
    const message = `The MTU is ${MTU}: packets are forwarded in the size that their sender gave them`;
    throw new KurentoError('NOT_IMPLEMENTED', message);
  }

  /** How the bitrate grows and shrinks that a sender without feedback of its own is asked for. */
  get rembParams(): Partial<RembParams> {
    return this.#rembParams ?? OWN_REMB_PARAMS;
  }

  /** @throws KurentoError MEDIA_OBJECT_ILLEGAL_PARAM_ERROR */
  set rembParams(params: Partial<RembParams>) {
    this.#rembParams = checkedRembParams(params);
    this.videoBounds.growth = this.#rembParams;
  }

  /** CONNECTED while RTCP of the far side is seen. */
  get mediaState(): ConnectedState {
    return this.#mediaState;
  }

  /** Tells subscribers when it is a change. */
  protected setMediaState(newState: ConnectedState): void {
    const oldState = this.#mediaState;
    if (newState === oldState) return;
    this.#mediaState = newState;
    this.emit('MediaStateChanged', { oldState, newState });
  }

  /** CONNECTED when the transport stands: packets can pass, whether any do or not. */
  get connectionState(): ConnectedState {
    return this.#connectionState;
  }

  /** Tells subscribers when it is a change. */
  protected setConnectionState(newState: ConnectedState): void {
    const oldState = this.#connectionState;
    if (newState === oldState) return;
    this.#connectionState = newState;
    this.emit('ConnectionStateChanged', { oldState, newState });
    // A peer that had been given up is back: ICE was restarted, or its network works again.
    if (newState === 'CONNECTED' && this.sessionIsOver) this.emitSessionStarted();
  }

  /** Null before the negotiation, as at the original. */
  override getStats(mediaType?: MediaType): Record<string, StatsRecord> | null {
    return this.hasHadSession ? super.getStats(mediaType) : null;
  }

  /**
   * Asks the far side for a key frame of what it sends.
   * @throws KurentoError MEDIA_OBJECT_OPERATION_NOT_SUPPORTED when it sends no video
   */
  requestKeyframe(): void {
    const video = this.source('video');
    if (!video)
      throw new KurentoError('MEDIA_OBJECT_OPERATION_NOT_SUPPORTED', `'${this.id}' receives no video`);
    video.requestKeyframe();
  }

  protected override boundVideo(bitsPerSecond: number): void {
    this.videoBounds.maxReceive = bitsPerSecond;
  }
}
