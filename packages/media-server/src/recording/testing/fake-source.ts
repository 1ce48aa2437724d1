// For tests: a source that packetizes frames given to it, on a network that can lose, repeat, reorder and delay.
import {
  createPacketizer,
  RtpPacket,
  startsKeyframe,
  writeRtpHeader,
  type EncodedFrame,
  type Packetizer,
  type RtpCodec,
} from '@parley/rtc';
import type { ClockMapping, MediaKind, MediaPacket, MediaSink, MediaSource } from '../../forwarding/track.ts';

export class FakeSource implements MediaSource {
  readonly kind: MediaKind;
  codec: RtpCodec;
  ssrc = 0x1234;
  clockMapping: ClockMapping | undefined;
  keyframeRequests = 0;
  /** 65534: the wrap-around is always near. */
  #sequence = 65_534;
  #packetizer: Packetizer;
  readonly #sinks = new Set<MediaSink>();

  constructor(codec: RtpCodec) {
    this.kind = codec.kind;
    this.codec = codec;
    this.#packetizer = createPacketizer(codec, 400);
  }

  packetAt(): undefined {
    return undefined;
  }

  addSink(sink: MediaSink): void {
    this.#sinks.add(sink);
  }

  removeSink(sink: MediaSink): void {
    this.#sinks.delete(sink);
  }

  requestKeyframe(): void {
    this.keyframeRequests++;
  }

  /** Another sender takes over: new SSRC, numbers and times. */
  replace(ssrc: number): void {
    this.ssrc = ssrc;
    this.#sequence = 65_534;
    this.#packetizer = createPacketizer(this.codec, 400);
  }

  /** The packets of one frame, numbered on. `ticks`: RTP time, of which 32 bits are sent. */
  packets(frame: Pick<EncodedFrame, 'data' | 'keyframe'>, ticks: number, arrivedAt: number): MediaPacket[] {
    const timestamp = ticks >>> 0;
    const payloads = this.#packetizer.packetize({ ...frame, timestamp });
    return payloads.map((payload, index) => {
      const extendedSequence = this.#sequence++;
      const bytes = Buffer.alloc(12 + payload.length);
      const marker = this.kind === 'video' && index === payloads.length - 1;
      writeRtpHeader(bytes, {
        marker,
        payloadType: 96,
        sequenceNumber: extendedSequence,
        timestamp,
        ssrc: this.ssrc,
      });
      payload.copy(bytes, 12);
      const rtp = RtpPacket.parse(bytes);
      if (!rtp) throw new Error('no RTP packet');
      const { codec } = this;
      return { rtp, codec, extendedSequence, startsKeyframe: startsKeyframe(codec, payload), arrivedAt };
    });
  }

  deliver(packets: readonly MediaPacket[]): void {
    for (const packet of packets) for (const sink of this.#sinks) sink.write(packet);
  }

  /** As if the frame came over a network without faults. */
  send(frame: Pick<EncodedFrame, 'data' | 'keyframe'>, ticks: number, arrivedAt: number): void {
    this.deliver(this.packets(frame, ticks, arrivedAt));
  }
}

export const OPUS: RtpCodec = { name: 'opus', kind: 'audio', clockRate: 48_000, channels: 2, parameters: {} };
export const VP8: RtpCodec = { name: 'VP8', kind: 'video', clockRate: 90_000, channels: 1, parameters: {} };
export const VP9: RtpCodec = { name: 'VP9', kind: 'video', clockRate: 90_000, channels: 1, parameters: {} };
export const H264: RtpCodec = {
  name: 'H264',
  kind: 'video',
  clockRate: 90_000,
  channels: 1,
  parameters: { 'packetization-mode': '1' },
};
export const PCMU: RtpCodec = { name: 'PCMU', kind: 'audio', clockRate: 8_000, channels: 1, parameters: {} };
