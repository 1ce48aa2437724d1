// Retransmission in a stream of its own (RFC 4588): packing a media packet into an RTX packet, and unpacking it.
// Which packets to send again is decided elsewhere.
import { writeRtpHeader } from './rtp-header.ts';
import type { RtpHeaderExtension } from './rtp-header.ts';
import type { RtpPacket } from './rtp-packet.ts';

/** The original sequence number that precedes the original payload, in bytes (RFC 4588, section 4). */
const ORIGINAL_SEQUENCE_LENGTH = 2;

/**
 * The bytes of the media packet that an RTX packet carries, in a Buffer of their own. Marker, timestamp, contributing
 * sources and header extensions are those of the RTX packet; padding is dropped.
 * Undefined for a packet without an original sequence number: one of padding alone, sent to probe the bandwidth.
 */
export function unwrapRtx(rtx: RtpPacket, mediaSsrc: number, mediaPayloadType: number): Buffer | undefined {
  if (rtx.payloadLength < ORIGINAL_SEQUENCE_LENGTH) return undefined;
  const { bytes, headerLength } = rtx;
  const end = headerLength + rtx.payloadLength;
  const media = Buffer.allocUnsafe(end - ORIGINAL_SEQUENCE_LENGTH);
  bytes.copy(media, 0, 0, headerLength);
  bytes.copy(media, headerLength, headerLength + ORIGINAL_SEQUENCE_LENGTH, end);
  media[0] &= ~0x20;
  media[1] = (media[1] & 0x80) | (mediaPayloadType & 0x7f);
  media[2] = bytes[headerLength];
  media[3] = bytes[headerLength + 1];
  media.writeUInt32BE(mediaSsrc, 8);
  return media;
}

/** A media packet as this receiver knows it: sequence number and timestamp after any rewriting. */
export interface RtxMedia {
  readonly marker: boolean;
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly payload: Buffer;
  readonly extensions?: readonly RtpHeaderExtension[];
}

/**
 * Writes the RTX packet for `media` to the start of `target` and returns its length in bytes: header, original sequence
 * number, payload. Throws a RangeError when `target` is too short.
 */
export function writeRtx(
  target: Buffer,
  media: RtxMedia,
  rtxSsrc: number,
  rtxPayloadType: number,
  rtxSequence: number,
): number {
  const headerLength = writeRtpHeader(target, {
    marker: media.marker,
    payloadType: rtxPayloadType,
    sequenceNumber: rtxSequence,
    timestamp: media.timestamp,
    ssrc: rtxSsrc,
    extensions: media.extensions,
  });
  const length = headerLength + ORIGINAL_SEQUENCE_LENGTH + media.payload.length;
  if (length > target.length) {
    throw new RangeError(`an RTX packet of ${length} bytes does not fit into ${target.length}`);
  }
  target[headerLength] = media.sequenceNumber >> 8;
  target[headerLength + 1] = media.sequenceNumber;
  media.payload.copy(target, headerLength + ORIGINAL_SEQUENCE_LENGTH);
  return length;
}
