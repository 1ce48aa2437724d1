// STUN messages: parsing, checking and building (RFC 8489). Knows no usage: what a message means is up to ICE or TURN.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  LAST_COMPREHENSION_REQUIRED,
  STUN_ATTRIBUTE,
  STUN_MAGIC_COOKIE,
  readXorAddress,
  type StunAttribute,
  type TransportAddress,
} from './stun-attributes.ts';

export type StunMessageClass = 'request' | 'indication' | 'success' | 'error';

export const STUN_METHOD_BINDING = 0x001;
export const STUN_TRANSACTION_ID_LENGTH = 12;

const HEADER_LENGTH = 20;
const ATTRIBUTE_HEADER_LENGTH = 4;
const INTEGRITY_LENGTH = 20;
const FINGERPRINT_LENGTH = 4;
const FINGERPRINT_XOR = 0x5354554e;
const CLASSES: readonly StunMessageClass[] = ['request', 'indication', 'success', 'error'];

/** A parsed message; a view of the bytes it was parsed from. Made by `parseStun`. */
export class StunMessage {
  readonly messageClass: StunMessageClass;
  readonly method: number;
  /** 12 bytes. */
  readonly transactionId: Buffer;
  /** The whole message. */
  readonly bytes: Buffer;
  /** Where the MESSAGE-INTEGRITY and FINGERPRINT attributes begin in `bytes`. */
  readonly integrityOffset: number | undefined;
  readonly fingerprintOffset: number | undefined;
  readonly #attributes: ReadonlyMap<number, Buffer>;

  constructor(bytes: Buffer, attributes: AttributeTable) {
    const type = bytes.readUInt16BE(0);
    this.messageClass = CLASSES[((type >>> 7) & 0b10) | ((type >>> 4) & 0b01)]!;
    this.method = (type & 0x000f) | ((type >>> 1) & 0x0070) | ((type >>> 2) & 0x0f80);
    this.transactionId = bytes.subarray(8, HEADER_LENGTH);
    this.bytes = bytes;
    this.integrityOffset = attributes.integrityOffset;
    this.fingerprintOffset = attributes.fingerprintOffset;
    this.#attributes = attributes.values;
  }

  /**
   * The value of the first attribute of this type, without padding. What follows MESSAGE-INTEGRITY is not protected by
   * it and counts as absent, FINGERPRINT excepted (RFC 8489, section 14.5).
   */
  attribute(type: number): Buffer | undefined {
    return this.#attributes.get(type);
  }

  /** The values of all attributes of this type, in order, as TURN's CreatePermission repeats them. */
  attributeValues(type: number): Buffer[] {
    const values: Buffer[] = [];
    const end = this.integrityOffset ?? this.fingerprintOffset ?? this.bytes.length;
    let offset = HEADER_LENGTH;
    while (offset < end) {
      const start = offset + ATTRIBUTE_HEADER_LENGTH;
      const length = this.bytes.readUInt16BE(offset + 2);
      if (this.bytes.readUInt16BE(offset) === type) values.push(this.bytes.subarray(start, start + length));
      offset = start + length + padding(length);
    }
    return values;
  }

  get username(): string | undefined {
    return this.attribute(STUN_ATTRIBUTE.USERNAME)?.toString('utf8');
  }

  get priority(): number | undefined {
    const value = this.attribute(STUN_ATTRIBUTE.PRIORITY);
    return value?.length === 4 ? value.readUInt32BE(0) : undefined;
  }

  get useCandidate(): boolean {
    return this.#attributes.has(STUN_ATTRIBUTE.USE_CANDIDATE);
  }

  /** Code and reason of an error response; undefined when absent or malformed. */
  get errorCode(): { code: number; reason: string } | undefined {
    const value = this.attribute(STUN_ATTRIBUTE.ERROR_CODE);
    if (value === undefined || value.length < 4) return undefined;
    const [errorClass, number] = [value[2] & 0b111, value[3]];
    if (errorClass < 3 || errorClass > 6 || number > 99) return undefined;
    return { code: errorClass * 100 + number, reason: value.toString('utf8', 4) };
  }

  get xorMappedAddress(): TransportAddress | undefined {
    const value = this.attribute(STUN_ATTRIBUTE.XOR_MAPPED_ADDRESS);
    return value === undefined ? undefined : readXorAddress(value, this.transactionId);
  }

  /** The attribute types that must be understood (below 0x8000) and are not among `known`. */
  unknownAttributes(known: ReadonlySet<number>): number[] {
    return [...this.#attributes.keys()].filter(
      (type) => type <= LAST_COMPREHENSION_REQUIRED && !known.has(type),
    );
  }
}

interface AttributeTable {
  readonly values: ReadonlyMap<number, Buffer>;
  readonly integrityOffset: number | undefined;
  readonly fingerprintOffset: number | undefined;
}

/** Parses one whole datagram. Undefined unless the lengths fit exactly and FINGERPRINT, if there, comes last. */
export function parseStun(bytes: Buffer): StunMessage | undefined {
  if (!hasStunHeader(bytes)) return undefined;
  const attributes = readAttributes(bytes);
  return attributes === undefined ? undefined : new StunMessage(bytes, attributes);
}

function hasStunHeader(bytes: Buffer): boolean {
  return (
    bytes.length >= HEADER_LENGTH &&
    bytes.length % 4 === 0 &&
    (bytes[0] & 0b11000000) === 0 &&
    bytes.readUInt16BE(2) === bytes.length - HEADER_LENGTH &&
    bytes.readUInt32BE(4) === STUN_MAGIC_COOKIE
  );
}

function readAttributes(bytes: Buffer): AttributeTable | undefined {
  const values = new Map<number, Buffer>();
  let integrityOffset: number | undefined;
  let fingerprintOffset: number | undefined;
  let offset = HEADER_LENGTH;
  while (offset < bytes.length) {
    if (fingerprintOffset !== undefined) return undefined;
    const type = bytes.readUInt16BE(offset);
    const end = offset + ATTRIBUTE_HEADER_LENGTH + bytes.readUInt16BE(offset + 2);
    if (end > bytes.length) return undefined;
    if (type === STUN_ATTRIBUTE.FINGERPRINT) fingerprintOffset = offset;
    if (integrityOffset === undefined || type === STUN_ATTRIBUTE.FINGERPRINT) {
      if (!values.has(type)) values.set(type, bytes.subarray(offset + ATTRIBUTE_HEADER_LENGTH, end));
      if (type === STUN_ATTRIBUTE.MESSAGE_INTEGRITY) integrityOffset = offset;
    }
    offset = end + padding(end);
  }
  return { values, integrityOffset, fingerprintOffset };
}

/**
 * Whether MESSAGE-INTEGRITY is there and made with `key` (RFC 8489, section 14.5): the password with short-term
 * credentials, MD5(username ":" realm ":" password) with long-term ones. Compares in constant time.
 */
export function verifyIntegrity(message: StunMessage, key: Buffer | string): boolean {
  const value = message.attribute(STUN_ATTRIBUTE.MESSAGE_INTEGRITY);
  if (message.integrityOffset === undefined || value?.length !== INTEGRITY_LENGTH) return false;
  return timingSafeEqual(integrityOf(message.bytes, message.integrityOffset, key), value);
}

/** Whether FINGERPRINT is there and right (RFC 8489, section 14.7). */
export function verifyFingerprint(message: StunMessage): boolean {
  const value = message.attribute(STUN_ATTRIBUTE.FINGERPRINT);
  if (message.fingerprintOffset === undefined || value?.length !== FINGERPRINT_LENGTH) return false;
  return value.readUInt32BE(0) === fingerprintOf(message.bytes, message.fingerprintOffset);
}

/** HMAC-SHA1 over all before the attribute, with the header's length counting up to its end. */
function integrityOf(bytes: Buffer, integrityOffset: number, key: Buffer | string): Buffer {
  const header = Buffer.from(bytes.subarray(0, HEADER_LENGTH));
  header.writeUInt16BE(integrityOffset + ATTRIBUTE_HEADER_LENGTH + INTEGRITY_LENGTH - HEADER_LENGTH, 2);
  return createHmac('sha1', key)
    .update(header)
    .update(bytes.subarray(HEADER_LENGTH, integrityOffset))
    .digest();
}

function fingerprintOf(bytes: Buffer, fingerprintOffset: number): number {
  return (crc32(bytes.subarray(0, fingerprintOffset)) ^ FINGERPRINT_XOR) >>> 0;
}

export interface StunMessageFields {
  readonly messageClass: StunMessageClass;
  /** 12 bits. */
  readonly method: number;
  /** 12 bytes. */
  readonly transactionId: Buffer;
  /** In this order, before MESSAGE-INTEGRITY and FINGERPRINT. */
  readonly attributes?: readonly StunAttribute[];
  /** Adds MESSAGE-INTEGRITY made with this key, as for `verifyIntegrity`. */
  readonly integrityKey?: Buffer | string;
  /** Adds FINGERPRINT. */
  readonly fingerprint?: boolean;
}

/** Builds a message. Throws a RangeError when the transaction id has not 12 bytes or the message gets too long. */
export function buildStun(fields: StunMessageFields): Buffer {
  if (fields.transactionId.length !== STUN_TRANSACTION_ID_LENGTH) {
    throw new RangeError(
      `a transaction id has ${STUN_TRANSACTION_ID_LENGTH} bytes, not ${fields.transactionId.length}`,
    );
  }
  const attributes = fields.attributes ?? [];
  const integrityOffset = attributes.reduce(
    (length, { value }) => length + paddedLength(value),
    HEADER_LENGTH,
  );
  const fingerprintOffset =
    integrityOffset + (fields.integrityKey === undefined ? 0 : ATTRIBUTE_HEADER_LENGTH + INTEGRITY_LENGTH);
  const length = fingerprintOffset + (fields.fingerprint ? ATTRIBUTE_HEADER_LENGTH + FINGERPRINT_LENGTH : 0);
  const bytes = Buffer.alloc(length);
  bytes.writeUInt16BE(messageType(fields.messageClass, fields.method), 0);
  bytes.writeUInt16BE(length - HEADER_LENGTH, 2);
  bytes.writeUInt32BE(STUN_MAGIC_COOKIE, 4);
  fields.transactionId.copy(bytes, 8);
  let offset = HEADER_LENGTH;
  for (const attribute of attributes) {
    writeAttribute(bytes, offset, attribute);
    offset += paddedLength(attribute.value);
  }
  if (fields.integrityKey !== undefined) {
    const value = integrityOf(bytes, integrityOffset, fields.integrityKey);
    writeAttribute(bytes, integrityOffset, { type: STUN_ATTRIBUTE.MESSAGE_INTEGRITY, value });
  }
  if (fields.fingerprint) {
    const value = Buffer.alloc(FINGERPRINT_LENGTH);
    value.writeUInt32BE(fingerprintOf(bytes, fingerprintOffset));
    writeAttribute(bytes, fingerprintOffset, { type: STUN_ATTRIBUTE.FINGERPRINT, value });
  }
  return bytes;
}

/** Those that tell a request, which has none of them, from an indication and from answers (RFC 8489, section 5). */
const CLASS_BITS = 0x0110;

/**
 * The part before ":" of a request's USERNAME, which names the server's side (RFC 8445, section 7.2.2): tells whom a
 * datagram from an unknown source is meant for. Nothing is authenticated. Undefined when there is none, and for whatever is
 * no request: in its answers libnice repeats the name, in which the server's side comes second.
 */
export function stunServerUfrag(bytes: Buffer): string | undefined {
  if (!hasStunHeader(bytes) || (bytes.readUInt16BE(0) & CLASS_BITS) !== 0) return undefined;
  let offset = HEADER_LENGTH;
  while (offset < bytes.length) {
    const start = offset + ATTRIBUTE_HEADER_LENGTH;
    const end = start + bytes.readUInt16BE(offset + 2);
    if (end > bytes.length) return undefined;
    if (bytes.readUInt16BE(offset) === STUN_ATTRIBUTE.USERNAME) {
      const colon = bytes.indexOf(':', start);
      return colon > start && colon < end ? bytes.toString('utf8', start, colon) : undefined;
    }
    offset = end + padding(end);
  }
  return undefined;
}

/** Interleaves the class's two bits with the method (RFC 8489, section 5). */
function messageType(messageClass: StunMessageClass, method: number): number {
  const classBits = CLASSES.indexOf(messageClass);
  const methodBits = (method & 0x000f) | ((method & 0x0070) << 1) | ((method & 0x0f80) << 2);
  return methodBits | ((classBits & 0b01) << 4) | ((classBits & 0b10) << 7);
}

function writeAttribute(bytes: Buffer, offset: number, { type, value }: StunAttribute): void {
  bytes.writeUInt16BE(type, offset);
  bytes.writeUInt16BE(value.length, offset + 2);
  value.copy(bytes, offset + ATTRIBUTE_HEADER_LENGTH);
}

/** Attributes begin at multiples of four; so do the message's header and all offsets counted from it. */
function padding(offset: number): number {
  return -offset & 3;
}

function paddedLength(value: Buffer): number {
  return ATTRIBUTE_HEADER_LENGTH + value.length + padding(value.length);
}
