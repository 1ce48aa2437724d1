// What the tests of this folder share: negotiated media and packets made by hand.
import { RtpPacket, writeRtpHeader, type NegotiatedCodec, type NegotiatedMedia } from '@parley/rtc';
import type { MediaPacket, MediaSink, MediaSource } from './track.ts';

export const VP8: NegotiatedCodec = {
  name: 'VP8',
  kind: 'video',
  clockRate: 90_000,
  channels: 1,
  parameters: {},
  payloadType: 96,
  rtxPayloadType: 97,
  feedback: { nack: true, pli: true, fir: true, remb: true, transportCc: true },
};

export function videoMedia(overrides: Partial<NegotiatedMedia> = {}): NegotiatedMedia {
  return {
    index: 0,
    mid: '0',
    kind: 'video',
    accepted: true,
    direction: 'recvonly',
    codecs: [VP8],
    headerExtensions: [],
    remoteSsrc: 1111,
    remoteRtxSsrc: 1112,
    remoteCname: 'sender',
    localSsrc: 2222,
    localRtxSsrc: 2223,
    ...overrides,
  };
}

/** A VP8 payload (RFC 7741): start of partition 0, key frame or not, then the given text. */
export function vp8Payload(keyframe: boolean, text = ''): Buffer {
  return Buffer.concat([
    Buffer.from([0x10, keyframe ? 0x00 : 0x01, 0, 0, 0x9d, 0x01, 0x2a]),
    Buffer.from(text),
  ]);
}

export interface PacketFields {
  readonly sequence: number;
  readonly timestamp?: number;
  readonly ssrc?: number;
  readonly payloadType?: number;
  readonly marker?: boolean;
  readonly payload?: Buffer;
}

export function rtpPacket(fields: PacketFields): RtpPacket {
  const { sequence, timestamp = sequence * 3000, ssrc = 1111, payloadType = 96, marker = true } = fields;
  const payload = fields.payload ?? vp8Payload(false, `packet ${sequence}`);
  const bytes = Buffer.alloc(64 + payload.length);
  const headerLength = writeRtpHeader(bytes, {
    marker,
    payloadType,
    sequenceNumber: sequence,
    timestamp,
    ssrc,
  });
  payload.copy(bytes, headerLength);
  const packet = RtpPacket.parse(bytes.subarray(0, headerLength + payload.length));
  if (!packet) throw new Error('the packet made for a test does not parse');
  return packet;
}

/** `sequence` is extended: may exceed 16 bits. */
export function mediaPacket(fields: PacketFields & { keyframe?: boolean; arrivedAt?: number }): MediaPacket {
  const { sequence, keyframe = false, arrivedAt = 0 } = fields;
  const payload = fields.payload ?? vp8Payload(keyframe, `packet ${sequence}`);
  return {
    rtp: rtpPacket({ ...fields, payload }),
    codec: VP8,
    extendedSequence: sequence,
    startsKeyframe: keyframe,
    arrivedAt,
  };
}

/** A source whose packets the test writes by itself, with a memory for retransmission. */
export class TestSource implements MediaSource {
  readonly kind = 'video';
  readonly codec = VP8;
  ssrc: number | undefined = 1111;
  clockMapping: MediaSource['clockMapping'];
  keyframesAsked = 0;
  readonly #sinks = new Set<MediaSink>();
  readonly #sent = new Map<number, MediaPacket>();

  packetAt(extendedSequence: number): MediaPacket | undefined {
    return this.#sent.get(extendedSequence);
  }

  addSink(sink: MediaSink): void {
    this.#sinks.add(sink);
    sink.sourceChanged(this);
  }

  removeSink(sink: MediaSink): void {
    this.#sinks.delete(sink);
    sink.sourceChanged(undefined);
  }

  requestKeyframe(): void {
    this.keyframesAsked++;
  }

  give(packet: MediaPacket): void {
    this.#sent.set(packet.extendedSequence, packet);
    for (const sink of this.#sinks) sink.write(packet);
  }
}

export const noFlow = { packet: () => {} };
