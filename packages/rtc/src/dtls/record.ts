// The DTLS record layer's bytes (RFC 6347, section 4.1). What is inside a record, and whether it is genuine, is not known here.

/** RFC 5246, section 6.2.1. */
export const CONTENT = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** Type, version, epoch, sequence number, length. */
export const RECORD_HEADER_LENGTH = 13;

/** DTLS 1.2 on the wire (RFC 6347, section 4.1: the ones' complement of 1.2). */
export const DTLS_1_2 = 0xfefd;

/** DTLS counts downwards: every version of it has this first byte. */
const VERSION_MAJOR = 0xfe;

export interface DtlsRecord {
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  /** 48 bits. */
  readonly sequenceNumber: number;
  /** Shares memory with the datagram. */
  readonly fragment: Buffer;
}

/** The whole records of a datagram; from the first one on that is cut short or no DTLS, the rest is left out. */
export function* readRecords(datagram: Buffer): Generator<DtlsRecord> {
  let start = 0;
  while (start + RECORD_HEADER_LENGTH <= datagram.length) {
    const body = start + RECORD_HEADER_LENGTH;
    const end = body + datagram.readUInt16BE(start + 11);
    if (end > datagram.length || datagram[start + 1] !== VERSION_MAJOR) return;
    yield {
      type: datagram[start],
      version: datagram.readUInt16BE(start + 1),
      epoch: datagram.readUInt16BE(start + 3),
      sequenceNumber: datagram.readUIntBE(start + 5, 6),
      fragment: datagram.subarray(body, end),
    };
    start = end;
  }
}

export function writeRecord(type: number, epoch: number, sequenceNumber: number, fragment: Buffer): Buffer {
  const record = Buffer.allocUnsafe(RECORD_HEADER_LENGTH + fragment.length);
  record[0] = type;
  record.writeUInt16BE(DTLS_1_2, 1);
  record.writeUInt16BE(epoch, 3);
  record.writeUIntBE(sequenceNumber, 5, 6);
  record.writeUInt16BE(fragment.length, 11);
  fragment.copy(record, RECORD_HEADER_LENGTH);
  return record;
}
