// For tests: a viewer without faults, which keeps packets and the frames in them.
import { createDepacketizer, type EncodedFrame, type RtpCodec } from '@parley/rtc';
import type { MediaKind, MediaPacket, MediaSink, MediaSource } from '../../forwarding/track.ts';

export class Viewer implements MediaSink {
  readonly kind: MediaKind;
  readonly packets: MediaPacket[] = [];
  readonly frames: EncodedFrame[] = [];
  ends = 0;
  readonly #depacketizers = new Map<RtpCodec, ReturnType<typeof createDepacketizer>>();

  constructor(kind: MediaKind) {
    this.kind = kind;
  }

  watch(source: MediaSource | undefined): this {
    this.sourceChanged();
    source?.addSink(this);
    source?.requestKeyframe();
    return this;
  }

  sourceChanged(): void {
    this.packets.length = 0;
  }

  write(packet: MediaPacket): void {
    this.packets.push(packet);
    const depacketizer = this.#depacketizers.get(packet.codec) ?? createDepacketizer(packet.codec);
    this.#depacketizers.set(packet.codec, depacketizer);
    const { timestamp, marker, payload } = packet.rtp;
    this.frames.push(...depacketizer.push(payload, { timestamp, marker, sequenceGap: false }));
  }

  ended(): void {
    this.ends++;
  }
}
