// Writes RTP headers. The payload is the caller's: it goes behind the header, at the returned length.
import { RTP_FIXED_HEADER_LENGTH } from './rtp-packet.ts';

export interface RtpHeaderExtension {
  /** 1 to 14, as negotiated with `a=extmap`. */
  readonly id: number;
  /** 1 to 16 bytes. */
  readonly data: Buffer;
}

export interface RtpHeaderFields {
  readonly marker: boolean;
  readonly payloadType: number;
  /** 16 bits; of a larger number, the low 16 are taken, so that extended sequence numbers may be given. */
  readonly sequenceNumber: number;
  /** 32 bits; of a larger number, the low 32 are taken. */
  readonly timestamp: number;
  readonly ssrc: number;
  readonly extensions?: readonly RtpHeaderExtension[];
}

/**
 * Writes an RTP header (RFC 3550, section 5.1) without contributing sources or padding to the start of `target`, with
 * its extensions in the one-byte form (RFC 8285, section 4.2). Returns its length in bytes, a multiple of 4.
 * Throws a RangeError for an extension that the one-byte form cannot hold, and when `target` is too short.
 */
export function writeRtpHeader(target: Buffer, fields: RtpHeaderFields): number {
  const extensions = fields.extensions;
  const hasExtensions = extensions !== undefined && extensions.length > 0;
  const length = hasExtensions
    ? RTP_FIXED_HEADER_LENGTH + extensionLength(extensions)
    : RTP_FIXED_HEADER_LENGTH;
  if (length > target.length) {
    throw new RangeError(`an RTP header of ${length} bytes does not fit into ${target.length}`);
  }
  target[0] = hasExtensions ? 0x90 : 0x80;
  target[1] = (fields.marker ? 0x80 : 0) | (fields.payloadType & 0x7f);
  target[2] = fields.sequenceNumber >> 8;
  target[3] = fields.sequenceNumber;
  writeUInt32(target, 4, fields.timestamp);
  writeUInt32(target, 8, fields.ssrc);
  if (hasExtensions) writeExtensions(target, length, extensions);
  return length;
}

function extensionLength(extensions: readonly RtpHeaderExtension[]): number {
  let length = 4;
  for (const { id, data } of extensions) {
    if (!(id >= 1 && id <= 14) || data.length < 1 || data.length > 16) {
      throw new RangeError(
        `header extension ${id} of ${data.length} bytes does not fit the one-byte form of RFC 8285`,
      );
    }
    length += 1 + data.length;
  }
  return (length + 3) & ~3;
}

function writeExtensions(target: Buffer, end: number, extensions: readonly RtpHeaderExtension[]): void {
  const words = (end - RTP_FIXED_HEADER_LENGTH - 4) >> 2;
  target[12] = 0xbe;
  target[13] = 0xde;
  target[14] = words >> 8;
  target[15] = words;
  let at = 16;
  for (const { id, data } of extensions) {
    target[at++] = (id << 4) | (data.length - 1);
    at += data.copy(target, at);
  }
  while (at < end) target[at++] = 0;
}

/** Cheaper than `writeUInt32BE`, and takes the low 32 bits instead of throwing. */
function writeUInt32(target: Buffer, at: number, value: number): void {
  target[at] = value >> 24;
  target[at + 1] = value >> 16;
  target[at + 2] = value >> 8;
  target[at + 3] = value;
}
