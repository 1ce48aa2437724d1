// Handshake messages and their fragments (RFC 6347, section 4.2.2), without what they say.
import { ByteReader } from './byte-reader.ts';
import { MalformedMessageError } from './dtls-errors.ts';

/** RFC 5246, section 7.4. */
export const HANDSHAKE = {
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** Type, length, message number, fragment offset, fragment length. */
export const HANDSHAKE_HEADER_LENGTH = 12;

export interface HandshakeMessage {
  readonly type: number;
  /** Counts the messages of one end from 0. */
  readonly number: number;
  readonly body: Buffer;
}

export interface HandshakeFragment {
  readonly type: number;
  readonly number: number;
  /** Of the whole message's body. */
  readonly length: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

/** All fragments in a record's clear content. Throws MalformedMessageError. */
export function readFragments(content: Buffer): HandshakeFragment[] {
  const reader = new ByteReader(content, 'a handshake record');
  const fragments: HandshakeFragment[] = [];
  while (!reader.isAtEnd) {
    const type = reader.uint8();
    const length = reader.uint24();
    const number = reader.uint16();
    const offset = reader.uint24();
    const bytes = reader.vector24();
    if (offset + bytes.length > length) throw new MalformedMessageError('a fragment exceeds its message');
    fragments.push({ type, number, length, offset, bytes });
  }
  return fragments;
}

export function writeFragment(fragment: HandshakeFragment): Buffer {
  const bytes = Buffer.allocUnsafe(HANDSHAKE_HEADER_LENGTH + fragment.bytes.length);
  bytes[0] = fragment.type;
  bytes.writeUIntBE(fragment.length, 1, 3);
  bytes.writeUInt16BE(fragment.number, 4);
  bytes.writeUIntBE(fragment.offset, 6, 3);
  bytes.writeUIntBE(fragment.bytes.length, 9, 3);
  fragment.bytes.copy(bytes, HANDSHAKE_HEADER_LENGTH);
  return bytes;
}

/** The message as if it were one fragment: what the transcript's hash is over (RFC 6347, section 4.2.6). */
export function writeMessage(message: HandshakeMessage): Buffer {
  const { type, number, body } = message;
  return writeFragment({ type, number, length: body.length, offset: 0, bytes: body });
}
