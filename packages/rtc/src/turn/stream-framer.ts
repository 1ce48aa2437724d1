// Cuts the byte stream between a TURN client and its server, over TCP or TLS, into STUN and ChannelData messages (RFC 8656,
// sections 2.1 and 12.5).
import { STUN_MAGIC_COOKIE } from '../stun/stun-attributes.ts';
import { CHANNEL_DATA_HEADER_LENGTH, isChannelData } from './channel-data.ts';

/** In bytes. WebRTC's datagrams fit into an Ethernet frame; this leaves room and bounds what the other side can make us hold. */
export const MAX_STREAM_MESSAGE_LENGTH = 8192;

const STUN_HEADER_LENGTH = 20;

/** The stream is none of TURN and cannot be followed any further. */
export class FramingError extends Error {
  override readonly name = 'FramingError';
}

export class StreamFramer {
  #pending: Buffer = Buffer.alloc(0);

  /** Whether a message has begun and not ended. */
  get isInsideMessage(): boolean {
    return this.#pending.length > 0;
  }

  /** The messages that are whole by now. @throws FramingError; the framer is of no use afterwards. */
  push(chunk: Buffer): Buffer[] {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const messages: Buffer[] = [];
    let offset = 0;
    for (;;) {
      const length = messageLength(bytes.subarray(offset));
      if (length === undefined || offset + length > bytes.length) break;
      messages.push(bytes.subarray(offset, offset + length));
      offset += length;
    }
    // A copy, so that a few bytes do not keep a large chunk in memory.
    this.#pending = Buffer.from(bytes.subarray(offset));
    return messages;
  }
}

/** Padding included; undefined while it cannot be told. */
function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length === 0) return undefined;
  const channelData = isChannelData(bytes);
  if (!channelData && bytes[0] >= 4) throw new FramingError(`no message begins with the byte ${bytes[0]}`);
  if (bytes.length < CHANNEL_DATA_HEADER_LENGTH) return undefined;
  const said = bytes.readUInt16BE(2);
  const length = channelData ? (CHANNEL_DATA_HEADER_LENGTH + said + 3) & ~3 : STUN_HEADER_LENGTH + said;
  if (length > MAX_STREAM_MESSAGE_LENGTH) throw new FramingError(`a message of ${length} bytes is too long`);
  if (!channelData && bytes.length >= 8 && bytes.readUInt32BE(4) !== STUN_MAGIC_COOKIE)
    throw new FramingError('a STUN message without its magic cookie');
  if (!channelData && said % 4 !== 0) throw new FramingError('a STUN message of odd length');
  return length;
}
