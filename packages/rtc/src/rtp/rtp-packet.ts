// One RTP packet, read in place: the fields are numbers, everything longer stays a view into the bytes that came in.
// Nothing here writes; see `rtp-header.ts`.

/** The fixed header (RFC 3550, section 5.1), in bytes. */
export const RTP_FIXED_HEADER_LENGTH = 12;

/** The `defined by profile` values of RFC 8285: one-byte form, and two-byte form with four free bits. */
const ONE_BYTE_PROFILE = 0xbede;
const TWO_BYTE_PROFILE = 0x1000;
const TWO_BYTE_PROFILE_MASK = 0xfff0;

/** In the one-byte form, an element with this id ends the reading (RFC 8285, section 4.2). */
const ONE_BYTE_RESERVED_ID = 15;

export class RtpPacket {
  /** The whole packet, as given to `parse`: not copied, and not to be changed by anyone while the packet is in use. */
  readonly bytes: Buffer;
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly ssrc: number;
  /** Bytes before the payload: fixed header, contributing sources and header extension. */
  readonly headerLength: number;
  /** Bytes of payload, padding not counted. */
  readonly payloadLength: number;

  private constructor(bytes: Buffer, headerLength: number, payloadLength: number) {
    this.bytes = bytes;
    this.marker = bytes[1] >= 0x80;
    this.payloadType = bytes[1] & 0x7f;
    this.sequenceNumber = (bytes[2] << 8) | bytes[3];
    this.timestamp = ((bytes[4] << 24) | (bytes[5] << 16) | (bytes[6] << 8) | bytes[7]) >>> 0;
    this.ssrc = ((bytes[8] << 24) | (bytes[9] << 16) | (bytes[10] << 8) | bytes[11]) >>> 0;
    this.headerLength = headerLength;
    this.payloadLength = payloadLength;
  }

  /**
   * Reads a clear (unprotected) RTP packet (RFC 3550, section 5.1).
   * Undefined when it is not version 2, or when its sources, extension or padding reach past the end.
   */
  static parse(bytes: Buffer): RtpPacket | undefined {
    const length = bytes.length;
    if (length < RTP_FIXED_HEADER_LENGTH) return undefined;
    const first = bytes[0];
    if (first >> 6 !== 2) return undefined;
    let headerLength = RTP_FIXED_HEADER_LENGTH + 4 * (first & 0x0f);
    if ((first & 0x10) !== 0) {
      if (headerLength + 4 > length) return undefined;
      headerLength += 4 + 4 * ((bytes[headerLength + 2] << 8) | bytes[headerLength + 3]);
    }
    if (headerLength > length) return undefined;
    let payloadLength = length - headerLength;
    if ((first & 0x20) !== 0) {
      if (payloadLength === 0) return undefined;
      const padding = bytes[length - 1];
      // The count includes itself, so that zero is as wrong as too many.
      if (padding === 0 || padding > payloadLength) return undefined;
      payloadLength -= padding;
    }
    return new RtpPacket(bytes, headerLength, payloadLength);
  }

  /** A view of the payload, without padding. Makes a new Buffer object at each call. */
  get payload(): Buffer {
    return this.bytes.subarray(this.headerLength, this.headerLength + this.payloadLength);
  }

  /**
   * A view of the data of the header extension element with this id, in the one-byte or two-byte form of RFC 8285.
   * Undefined when it is not there, or when an element before or at it reaches past the extension.
   */
  extension(id: number): Buffer | undefined {
    const bytes = this.bytes;
    if ((bytes[0] & 0x10) === 0) return undefined;
    const start = RTP_FIXED_HEADER_LENGTH + 4 * (bytes[0] & 0x0f);
    const profile = (bytes[start] << 8) | bytes[start + 1];
    if (profile === ONE_BYTE_PROFILE) return this.#oneByteElement(id, start + 4);
    if ((profile & TWO_BYTE_PROFILE_MASK) === TWO_BYTE_PROFILE) return this.#twoByteElement(id, start + 4);
    return undefined;
  }

  #oneByteElement(id: number, start: number): Buffer | undefined {
    const bytes = this.bytes;
    let at = start;
    while (at < this.headerLength) {
      if (bytes[at] === 0) {
        at += 1;
        continue;
      }
      const elementId = bytes[at] >> 4;
      // Id 0 with a length is not padding but a fault, and ends the reading as id 15 does (RFC 8285, section 4.2).
      if (elementId === 0 || elementId === ONE_BYTE_RESERVED_ID) return undefined;
      const dataStart = at + 1;
      at = dataStart + (bytes[at] & 0x0f) + 1;
      if (at > this.headerLength) return undefined;
      if (elementId === id) return bytes.subarray(dataStart, at);
    }
    return undefined;
  }

  #twoByteElement(id: number, start: number): Buffer | undefined {
    const bytes = this.bytes;
    let at = start;
    while (at < this.headerLength) {
      const elementId = bytes[at];
      if (elementId === 0) {
        at += 1;
        continue;
      }
      const dataStart = at + 2;
      if (dataStart > this.headerLength) return undefined;
      at = dataStart + bytes[at + 1];
      if (at > this.headerLength) return undefined;
      if (elementId === id) return bytes.subarray(dataStart, at);
    }
    return undefined;
  }
}
