// The way down: one stream of another participant, received in one peer connection (flow 4).
import type { Candidate, IceServer, StreamDescription } from '@parley/protocol';
import { PeerLeg, type PeerLegOptions } from './peer-leg.ts';
import type { SignallingLike } from './signalling.ts';

export interface DownLegOptions extends Pick<
  PeerLegOptions,
  'createPeerConnection' | 'sendCandidate' | 'onState'
> {
  signalling: SignallingLike;
  stream: StreamDescription;
  iceServers: readonly IceServer[];
}

/** How long a connected leg may stay without a single packet, in ms. Longer than a sender needs to start. */
const MEDIA_DEADLINE_MS = 10_000;

export class DownLeg {
  readonly stream: StreamDescription;
  /** The tracks to be received; they are there from the start and stay silent until packets come. */
  readonly media: MediaStream;
  readonly #options: DownLegOptions;
  readonly #peer: PeerLeg;
  #mediaCheck: ReturnType<typeof setTimeout> | undefined;

  constructor(options: DownLegOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.#peer = new PeerLeg({
      ...options,
      leg: { kind: 'down', stream: options.stream.id },
      onState: (state, why) => this.#peerChanged(state, why),
    });
    this.media = addReceivers(this.#peer.connection, options.stream);
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

  addRemoteCandidate(candidate: Candidate): void {
    this.#peer.addRemoteCandidate(candidate);
  }

  close(): void {
    clearTimeout(this.#mediaCheck);
    this.#peer.close();
  }

  #peerChanged(state: 'connected' | 'failed', why: string): void {
    clearTimeout(this.#mediaCheck);
    if (state === 'connected')
      this.#mediaCheck = setTimeout(() => void this.#checkMedia(), MEDIA_DEADLINE_MS);
    this.#options.onState(state, why);
  }

  /** Connected is not yet confirmed: without a packet the viewer would look at an empty tile for ever. */
  async #checkMedia(): Promise<void> {
    const report = await this.#peer.connection.getStats();
    if (this.#peer.state !== 'connected') return;
    let packets = 0;
    report.forEach((entry: { type: string; packetsReceived?: number }) => {
      if (entry.type === 'inbound-rtp') packets += entry.packetsReceived ?? 0;
    });
    if (packets > 0) return;
    this.close();
    this.#options.onState('failed', 'no picture or sound arrives');
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
