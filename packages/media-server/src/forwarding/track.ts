// The architecture of the forwarding, as interfaces: media leaves an element at a MediaSource and enters it at a
// MediaSink. Up tracks and players are sources; down tracks and recorders are sinks. All of it runs on the packet path.
import type { RtpCodec, RtpPacket } from '@parley/rtc';

export type MediaKind = 'audio' | 'video';

/**
 * One clear packet on its way from a source to its sinks. Shared by all sinks and kept by some, so nobody changes it.
 */
export interface MediaPacket {
  readonly rtp: RtpPacket;
  readonly codec: RtpCodec;
  /** The RTP sequence number without wrap-around: counts on from the first packet of this SSRC. */
  readonly extendedSequence: number;
  /** Whether a decoder can start at this packet: the first packet of a key frame; always true for audio. */
  readonly startsKeyframe: boolean;
  /** When it came in, in ms of the monotonic clock (`performance.now()`). */
  readonly arrivedAt: number;
}

/** One negotiated `a=extmap` (RFC 8285, section 5). */
export interface HeaderExtension {
  readonly id: number;
  readonly uri: string;
}

/** Which wall-clock moment a source's RTP timestamp stands for (RFC 3550, section 6.4.1). */
export interface ClockMapping {
  readonly rtpTimestamp: number;
  /** 64-bit NTP timestamp as ms since 1900, fraction included. */
  readonly ntpMs: number;
  /** When the mapping was learned, in ms of the monotonic clock. */
  readonly learnedAt: number;
}

export interface MediaSource {
  readonly kind: MediaKind;
  /** What flows, or would flow first; undefined before negotiation. */
  readonly codec: RtpCodec | undefined;
  /** The SSRC that the packets carry; undefined before the first one. A change is a new sequence of packets. */
  readonly ssrc: number | undefined;
  readonly clockMapping: ClockMapping | undefined;
  /** The header extensions that the packets may carry; absent: none. */
  readonly headerExtensions?: readonly HeaderExtension[];
  /** Earlier packets, for retransmission: by extended sequence number, undefined once it is too old. */
  packetAt(extendedSequence: number): MediaPacket | undefined;
  addSink(sink: MediaSink): void;
  removeSink(sink: MediaSink): void;
  /** Asks for a key frame soon. Cheap to call often: requests are merged and throttled. No-op for audio. */
  requestKeyframe(): void;
}

export interface MediaSink {
  readonly kind: MediaKind;
  /** Told when it is hung on a source, and with undefined when it is taken off. */
  sourceChanged(source: MediaSource | undefined): void;
  /** Takes one packet, in order of arrival, which may differ from the order of sequence. Must not throw. */
  write(packet: MediaPacket): void;
  /**
   * Most that may come to it, in bits per second; absent or 0: no bound. Sources look at it about once a second, and those
   * that can ask whoever sends keep to the least of all their sinks.
   */
  readonly maxBitrate?: number;
  /** Told when the source has given its last packet, as at the end of a played file. It may begin again. */
  ended?(): void;
}
