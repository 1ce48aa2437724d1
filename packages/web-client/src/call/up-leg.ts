// The way up: a camera or a screen of this browser, sent to the media server in one peer connection (flow 3).
import type { Candidate, IceServer, LegStatus, StreamDescription } from '@parley/protocol';
import { KeyFrameMaker } from './key-frame-maker.ts';
import { SendingWatch } from './sending-watch.ts';
import { PeerLeg, type PeerLegOptions } from './peer-leg.ts';
import type { SignallingLike } from './signalling.ts';

export interface UpLegOptions extends Pick<
  PeerLegOptions,
  'createPeerConnection' | 'sendCandidate' | 'onState' | 'onTrace'
> {
  signalling: SignallingLike;
  stream: StreamDescription;
  iceServers: readonly IceServer[];
  /** What is sent: its first audio and its first video track. The tracks stay the caller's; they are not stopped here. */
  media: MediaStream;
}

export class UpLeg {
  readonly stream: StreamDescription;
  readonly #signalling: SignallingLike;
  readonly #peer: PeerLeg;
  readonly #watch: SendingWatch;
  readonly #keyFrames: KeyFrameMaker;
  readonly #onState: UpLegOptions['onState'];

  constructor(options: UpLegOptions) {
    this.stream = options.stream;
    this.#signalling = options.signalling;
    this.#peer = new PeerLeg({ ...options, leg: { kind: 'up', stream: options.stream.id } });
    addSendingTracks(this.#peer.connection, options.media, options.stream.kind);
    this.#keyFrames = new KeyFrameMaker(() => this.#peer.connection.getSenders());
    this.#onState = (news) => options.onState(news);
    this.#watch = new SendingWatch({
      getStats: () => this.#peer.connection.getStats(),
      onMedia: (comes) => this.#peer.mediaComes(comes),
    });
  }

  /** Offers the stream and applies the answer. @throws JsonRpcError when it is refused, NoAnswerError. */
  connect(): Promise<void> {
    return this.#peer.negotiate(async (sdpOffer) => {
      const { sdpAnswer } = await this.#signalling.request('startBroadcast', {
        stream: this.stream.id,
        sdpOffer,
      });
      return sdpAnswer;
    });
  }

  /** What the server sees of this leg. */
  serverSees(status: LegStatus): void {
    if (status.state === 'confirmed') this.#onState({ state: 'proven' });
    this.#watch.serverSees(status);
  }

  /** Viewers wait for a key frame of which the media server's requests have not come through. */
  makeKeyFrame(): void {
    this.#keyFrames.make(performance.now()).catch((error: unknown) => {
      console.info('this browser does not make a key frame when it is asked to', error);
    });
  }

  hurry(): void {
    this.#peer.hurry();
  }

  renewIceServers(iceServers: readonly IceServer[]): Promise<void> {
    return this.#peer.renewIceServers(iceServers);
  }

  addRemoteCandidate(candidate: Candidate): void {
    this.#peer.addRemoteCandidate(candidate);
  }

  close(): void {
    this.#watch.close();
    this.#peer.close();
  }
}

/** Adds the tracks of `media` to be sent only, sound first, and says how the browser should save when bandwidth is short. */
export function addSendingTracks(
  connection: RTCPeerConnection,
  media: MediaStream,
  kind: StreamDescription['kind'],
): void {
  for (const track of [...media.getAudioTracks().slice(0, 1), ...media.getVideoTracks().slice(0, 1)]) {
    const { sender } = connection.addTransceiver(track, { direction: 'sendonly', streams: [media] });
    if (track.kind !== 'video') continue;
    // A face should keep moving, text should stay sharp.
    track.contentHint = kind === 'screen' ? 'detail' : 'motion';
    const parameters = sender.getParameters();
    parameters.degradationPreference = kind === 'screen' ? 'maintain-resolution' : 'maintain-framerate';
    sender.setParameters(parameters).catch((error: unknown) => {
      console.info('this browser decides by itself how to save bandwidth', error);
    });
  }
}
