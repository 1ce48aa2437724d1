// Turns what is to be said into records and datagrams: numbers, protects, fragments and packs. When is not known here.
import { ALERT } from './dtls-errors.ts';
import { HANDSHAKE_HEADER_LENGTH, writeFragment, type HandshakeMessage } from './handshake-message.ts';
import { PROTECTION_OVERHEAD, type RecordProtection } from './record-protection.ts';
import { CONTENT, RECORD_HEADER_LENGTH, writeRecord } from './record.ts';

/** Fits any path that carries video, with IPv6 and a relay's header added. In bytes of UDP payload. */
const MAX_DATAGRAM_LENGTH = 1200;

/** A message is not begun in what is left of a datagram when less than this fits. In bytes. */
const MIN_FRAGMENT_LENGTH = 64;

/** 0: in the clear; 1: under the handshake's keys. Nothing renegotiates, so there are no more. */
export type Epoch = 0 | 1;

export type FlightPart =
  | { readonly type: 'message'; readonly epoch: Epoch; readonly message: HandshakeMessage }
  | { readonly type: 'change-cipher-spec' };

export class RecordWriter {
  /** Of the next record of each epoch: counts on over retransmissions, so that no number and no nonce is used twice. */
  readonly #sequenceNumbers = [0, 0];
  #protection: RecordProtection | undefined;

  /** Sets the keys of epoch 1. */
  protect(protection: RecordProtection): void {
    this.#protection = protection;
  }

  record(type: number, epoch: Epoch, content: Buffer): Buffer {
    const sequenceNumber = this.#sequenceNumbers[epoch]++;
    if (epoch === 0) return writeRecord(type, epoch, sequenceNumber, content);
    if (!this.#protection) throw new Error('a protected record before there are keys');
    return writeRecord(
      type,
      epoch,
      sequenceNumber,
      this.#protection.seal(type, epoch, sequenceNumber, content),
    );
  }

  /** `description`: RFC 5246, section 7.2. All but close_notify are fatal. */
  alert(epoch: Epoch, description: number): Buffer {
    const level = description === ALERT.closeNotify ? 1 : 2;
    return this.record(CONTENT.alert, epoch, Buffer.of(level, description));
  }

  /** A whole flight in as few datagrams as possible, each record with a new number. */
  flight(parts: readonly FlightPart[]): Buffer[] {
    const datagrams: Buffer[] = [];
    let records: Buffer[] = [];
    let room = MAX_DATAGRAM_LENGTH;
    const close = () => {
      if (records.length > 0) datagrams.push(Buffer.concat(records));
      records = [];
      room = MAX_DATAGRAM_LENGTH;
    };
    const add = (record: Buffer) => {
      records.push(record);
      room -= record.length;
    };
    for (const part of parts) {
      if (part.type === 'change-cipher-spec') {
        if (room < RECORD_HEADER_LENGTH + 1) close();
        add(this.record(CONTENT.changeCipherSpec, 0, Buffer.of(1)));
        continue;
      }
      const { epoch, message } = part;
      const overhead =
        RECORD_HEADER_LENGTH + HANDSHAKE_HEADER_LENGTH + (epoch === 1 ? PROTECTION_OVERHEAD : 0);
      let offset = 0;
      do {
        const left = message.body.length - offset;
        if (room < overhead + Math.min(left, MIN_FRAGMENT_LENGTH)) close();
        const bytes = message.body.subarray(offset, offset + Math.min(left, room - overhead));
        const fragment = {
          type: message.type,
          number: message.number,
          length: message.body.length,
          offset,
          bytes,
        };
        add(this.record(CONTENT.handshake, epoch, writeFragment(fragment)));
        offset += bytes.length;
      } while (offset < message.body.length);
    }
    close();
    return datagrams;
  }
}
