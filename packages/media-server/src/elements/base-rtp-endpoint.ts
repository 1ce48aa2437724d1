// An endpoint whose media is RTP: the state of its transport and of its media as told to clients, and key frames.
import { KurentoError, type MediaType } from '@parley/protocol';
import type { StatsRecord } from './element-stats.ts';
import { SdpEndpoint } from './sdp-endpoint.ts';

export type ConnectedState = 'DISCONNECTED' | 'CONNECTED';

export abstract class BaseRtpEndpoint extends SdpEndpoint {
  #mediaState: ConnectedState = 'DISCONNECTED';
  #connectionState: ConnectedState = 'DISCONNECTED';

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
}
