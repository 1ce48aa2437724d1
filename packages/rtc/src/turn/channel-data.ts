// ChannelData messages: a channel's number, a length and the data (RFC 8656, section 12.4).

export const FIRST_CHANNEL = 0x4000;
export const LAST_CHANNEL = 0x4fff;
export const CHANNEL_DATA_HEADER_LENGTH = 4;

export interface ChannelData {
  readonly channel: number;
  /** A view of the message's bytes. */
  readonly data: Buffer;
}

/** Whether the first byte is that of a ChannelData message (64 to 79; 80 to 127 are reserved). */
export function isChannelData(bytes: Buffer): boolean {
  return bytes.length > 0 && bytes[0] >>> 4 === 4;
}

/** Undefined when it is none or shorter than it says. What follows the data is padding. */
export function parseChannelData(bytes: Buffer): ChannelData | undefined {
  if (bytes.length < CHANNEL_DATA_HEADER_LENGTH || !isChannelData(bytes)) return undefined;
  const end = CHANNEL_DATA_HEADER_LENGTH + bytes.readUInt16BE(2);
  if (end > bytes.length) return undefined;
  return { channel: bytes.readUInt16BE(0), data: bytes.subarray(CHANNEL_DATA_HEADER_LENGTH, end) };
}

/** `padded`: to a multiple of four bytes, as TCP and TLS need it (RFC 8656, section 12.5). */
export function buildChannelData(channel: number, data: Buffer, padded: boolean): Buffer {
  const end = CHANNEL_DATA_HEADER_LENGTH + data.length;
  const bytes = Buffer.alloc(padded ? (end + 3) & ~3 : end);
  bytes.writeUInt16BE(channel, 0);
  bytes.writeUInt16BE(data.length, 2);
  data.copy(bytes, CHANNEL_DATA_HEADER_LENGTH);
  return bytes;
}
