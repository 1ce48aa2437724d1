// AES-GCM for records (RFC 5288, RFC 6347, section 4.1.2): one direction's key. Replay is judged elsewhere.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { DTLS_1_2, type DtlsRecord } from './record.ts';

export const KEY_LENGTH = 16;
export const FIXED_IV_LENGTH = 4;
const EXPLICIT_NONCE_LENGTH = 8;
const TAG_LENGTH = 16;

/** How much longer a record becomes. */
export const PROTECTION_OVERHEAD = EXPLICIT_NONCE_LENGTH + TAG_LENGTH;

export class RecordProtection {
  readonly #key: KeyObject;
  readonly #fixedIv: Buffer;

  /** `key`: KEY_LENGTH bytes; `fixedIv`: the FIXED_IV_LENGTH bytes of the nonce that are never sent. */
  constructor(key: Buffer, fixedIv: Buffer) {
    this.#key = createSecretKey(key);
    this.#fixedIv = fixedIv;
  }

  /** Returns the record's fragment: explicit nonce | ciphertext | tag. The nonce is epoch and sequence number. */
  seal(type: number, epoch: number, sequenceNumber: number, plaintext: Buffer): Buffer {
    const explicit = epochAndSequence(epoch, sequenceNumber);
    const cipher = createCipheriv('aes-128-gcm', this.#key, Buffer.concat([this.#fixedIv, explicit]));
    cipher.setAAD(associatedData(explicit, type, DTLS_1_2, plaintext.length));
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return Buffer.concat([explicit, ciphertext, cipher.getAuthTag()]);
  }

  /** The plaintext in new memory, or undefined when the record is not the peer's. */
  open(record: DtlsRecord): Buffer | undefined {
    const { fragment } = record;
    const length = fragment.length - PROTECTION_OVERHEAD;
    if (length < 0) return undefined;
    const nonce = Buffer.concat([this.#fixedIv, fragment.subarray(0, EXPLICIT_NONCE_LENGTH)]);
    const decipher = createDecipheriv('aes-128-gcm', this.#key, nonce);
    const position = epochAndSequence(record.epoch, record.sequenceNumber);
    decipher.setAAD(associatedData(position, record.type, record.version, length));
    decipher.setAuthTag(fragment.subarray(fragment.length - TAG_LENGTH));
    const plaintext = decipher.update(fragment.subarray(EXPLICIT_NONCE_LENGTH, fragment.length - TAG_LENGTH));
    try {
      decipher.final();
    } catch {
      // The only reason for final() to throw in this mode: the tag is wrong. An expected event on an open port.
      return undefined;
    }
    return plaintext;
  }
}

function epochAndSequence(epoch: number, sequenceNumber: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt16BE(epoch, 0);
  bytes.writeUIntBE(sequenceNumber, 2, 6);
  return bytes;
}

/** RFC 5246, section 6.2.3.3, with the epoch before the sequence number. */
function associatedData(position: Buffer, type: number, version: number, length: number): Buffer {
  const data = Buffer.allocUnsafe(13);
  position.copy(data);
  data[8] = type;
  data.writeUInt16BE(version, 9);
  data.writeUInt16BE(length, 11);
  return data;
}
