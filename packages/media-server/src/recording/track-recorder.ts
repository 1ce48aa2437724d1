// The sink that a recorder hangs on one audio or video track: RTP packets in any order become whole frames in decoding
// order. Damaged pictures are left out: after a loss, video goes on at the next key frame. Places no frame in time.
import {
  createDepacketizer,
  sameCodec,
  TimestampUnwrapper,
  type Depacketizer,
  type EncodedFrame,
  type RtpCodec,
} from '@parley/rtc';
import type { ClockMapping, MediaKind, MediaPacket, MediaSink, MediaSource } from '../forwarding/track.ts';
import { ReorderBuffer } from './reorder-buffer.ts';

/** How often a key frame is asked for while video waits for one: requests and key frames get lost, too. */
const KEYFRAME_RETRY_MS = 1_000;

/** A frame on its way to a file. */
export interface RecordedFrame {
  readonly kind: MediaKind;
  readonly codec: RtpCodec;
  /** May be a view of a shared packet: not to be changed. */
  readonly encoded: EncodedFrame;
  /** RTP timestamp without wrap-around, in ticks of the codec's clock. */
  readonly ticks: number;
  /** When its last packet came in, in ms of the monotonic clock. */
  readonly arrivedAt: number;
  readonly clockMapping: ClockMapping | undefined;
}

export interface TrackRecorderListener {
  /** A packet came from the source, whether it is recorded or not. */
  packet(): void;
  frame(frame: RecordedFrame): void;
  /** The next frame has no relation to the last one: another source or another SSRC. */
  restarted(kind: MediaKind): void;
  /** The source has given its last packet. */
  ended(kind: MediaKind): void;
}

export class TrackRecorder implements MediaSink {
  readonly kind: MediaKind;
  readonly #listener: TrackRecorderListener;
  readonly #reorder = new ReorderBuffer((packet, gap) => this.#ordered(packet, gap));
  #source: MediaSource | undefined;
  #active = false;
  #ssrc: number | undefined;
  #codec: RtpCodec | undefined;
  #depacketizer: Depacketizer | undefined;
  #timestamps = new TimestampUnwrapper();
  #needsKeyframe = true;
  /** A gap that the depacketizer has not been told of yet. */
  #gap = false;
  #keyframeAskedAt = -Infinity;

  constructor(kind: MediaKind, listener: TrackRecorderListener) {
    this.kind = kind;
    this.#listener = listener;
  }

  /** What the source gives, or is going to give; undefined without a negotiated source. */
  get codec(): RtpCodec | undefined {
    return this.#source?.codec;
  }

  /** Frames come from now on; video from its next key frame. `now`: ms of the monotonic clock. */
  start(now: number): void {
    if (this.#active) return;
    this.#active = true;
    this.#restart();
    this.#askForKeyframe(now);
  }

  /** Hands on what is complete; no frames after it. */
  stop(): void {
    if (!this.#active) return;
    this.#reorder.flush();
    this.#active = false;
  }

  sourceChanged(source: MediaSource | undefined): void {
    if (source === this.#source) return;
    if (this.#active) this.#reorder.flush();
    this.#source = source;
    this.#ssrc = undefined;
    // Asked for at the next tick: the source adds this sink only after telling it.
    this.#keyframeAskedAt = -Infinity;
  }

  write(packet: MediaPacket): void {
    this.#listener.packet();
    if (!this.#active) return;
    if (packet.rtp.ssrc !== this.#ssrc || !this.#isOfCodec(packet.codec)) this.#begin(packet);
    this.#reorder.push(packet);
  }

  ended(): void {
    this.#reorder.flush();
    this.#listener.ended(this.kind);
  }

  /** `now`: ms of the monotonic clock. */
  tick(now: number): void {
    if (!this.#active) return;
    this.#reorder.expire(now);
    if (this.#needsKeyframe) this.#askForKeyframe(now);
  }

  #isOfCodec(codec: RtpCodec): boolean {
    if (codec === this.#codec) return true;
    return this.#codec !== undefined && sameCodec(codec, this.#codec);
  }

  #begin(packet: MediaPacket): void {
    this.#reorder.flush();
    this.#ssrc = packet.rtp.ssrc;
    this.#codec = packet.codec;
    this.#timestamps = new TimestampUnwrapper();
    this.#restart();
    this.#listener.restarted(this.kind);
  }

  #restart(): void {
    this.#reorder.reset();
    this.#depacketizer = this.#codec && createDepacketizer(this.#codec);
    this.#needsKeyframe = this.kind === 'video';
    this.#gap = false;
  }

  #ordered(packet: MediaPacket, gap: boolean): void {
    const { rtp } = packet;
    if (gap) this.#lost(packet.arrivedAt);
    // Padding alone keeps a path open or probes it; it belongs to no frame.
    if (rtp.payloadLength === 0 || !this.#depacketizer) return;
    const frames = this.#depacketizer.push(rtp.payload, {
      timestamp: rtp.timestamp,
      marker: rtp.marker,
      sequenceGap: this.#gap,
    });
    this.#gap = false;
    for (const encoded of frames) {
      if (this.#needsKeyframe && !encoded.keyframe) continue;
      this.#needsKeyframe = false;
      this.#listener.frame({
        kind: this.kind,
        codec: packet.codec,
        encoded,
        ticks: this.#timestamps.unwrap(encoded.timestamp),
        arrivedAt: packet.arrivedAt,
        clockMapping: this.#source?.clockMapping,
      });
    }
  }

  #lost(now: number): void {
    this.#gap = true;
    if (this.kind !== 'video') return;
    // A new loss is worth a new request; only repeated ones for the same key frame are spaced out.
    if (!this.#needsKeyframe) this.#keyframeAskedAt = -Infinity;
    this.#needsKeyframe = true;
    this.#askForKeyframe(now);
  }

  #askForKeyframe(now: number): void {
    if (this.kind !== 'video' || !this.#source || now - this.#keyframeAskedAt < KEYFRAME_RETRY_MS) return;
    this.#keyframeAskedAt = now;
    this.#source.requestKeyframe();
  }
}
