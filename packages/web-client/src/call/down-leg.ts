// The way down: one stream of another participant, received in one peer connection (flow 4).
import type { Candidate, IceServer, LegStatus, StreamDescription } from '@parley/protocol';
import { EvidenceWatch } from './evidence-watch.ts';
import { PeerLeg, type PeerLegNews, type PeerLegOptions } from './peer-leg.ts';
import type { SignallingLike } from './signalling.ts';

export interface DownLegOptions extends Pick<
  PeerLegOptions,
  'createPeerConnection' | 'sendCandidate' | 'onState' | 'onTrace'
> {
  signalling: SignallingLike;
  stream: StreamDescription;
  iceServers: readonly IceServer[];
  /** Whether the server sees the sender's media. */
  senderSends(): boolean;
  /** What this browser can prove of the leg. */
  onStatus(status: LegStatus): void;
}

export class DownLeg {
  readonly stream: StreamDescription;
  /** The tracks to be received; they are there from the start and stay silent until packets come. */
  readonly media: MediaStream;
  readonly #options: DownLegOptions;
  readonly #peer: PeerLeg;
  readonly #watch: EvidenceWatch;
  #confirmed = false;

  constructor(options: DownLegOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.#peer = new PeerLeg({
      ...options,
      leg: { kind: 'down', stream: options.stream.id },
      onState: (news) => this.#peerChanged(news),
    });
    this.media = addReceivers(this.#peer.connection, options.stream);
    this.#watch = new EvidenceWatch({
      connection: this.#peer.connection,
      kind: options.stream.kind,
      audio: options.stream.audio,
      video: options.stream.video,
      senderSends: () => options.senderSends(),
      onStatus: (status) => this.#proven(status),
      // Connected is not yet confirmed: without a packet the viewer would look at an empty tile for ever.
      onMedia: (comes) => this.#peer.mediaComes(comes),
    });
  }

  /** Asks to watch and applies the answer. @throws JsonRpcError when it is refused, NoAnswerError. */
  connect(): Promise<void> {
    return this.#peer.negotiate(async (sdpOffer) => {
      const { sdpAnswer } = await this.#options.signalling.request('watch', {
        stream: this.stream.id,
        sdpOffer,
      });
      return sdpAnswer;
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

  #peerChanged(news: PeerLegNews): void {
    if (news.state === 'connected') this.#watch.connected();
    else if (news.state === 'failed') this.#watch.close();
    this.#options.onState(news);
  }

  #proven(status: LegStatus): void {
    if (status.state === 'confirmed' && !this.#confirmed) {
      this.#peer.trace.state('firstFrame', {});
      this.#options.onState({ state: 'proven' });
    }
    this.#confirmed = status.state === 'confirmed';
    this.#options.onStatus(status);
  }
}

/** Makes the connection ask for the stream's tracks, sound first; gives the stream that they come in. */
export function addReceivers(
  connection: RTCPeerConnection,
  wanted: { audio: boolean; video: boolean },
): MediaStream {
  const media = new MediaStream();
  if (wanted.audio)
    media.addTrack(connection.addTransceiver('audio', { direction: 'recvonly' }).receiver.track);
  if (wanted.video)
    media.addTrack(connection.addTransceiver('video', { direction: 'recvonly' }).receiver.track);
  return media;
}
