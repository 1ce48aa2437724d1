import { describe, expect, it } from 'vitest';
import { RecordWriter } from './flight.ts';
import { readFragments } from './handshake-message.ts';
import { HandshakeReassembler } from './handshake-reassembler.ts';
import { RecordProtection } from './record-protection.ts';
import { readRecords } from './record.ts';
import { randomBytes, seededRandom } from '../testing/seeded-random.ts';

const random = seededRandom(5);
const sizes = [0, 1, 70, 1174, 1175, 1176, 3000, 0, 2400];

describe('a flight', () => {
  for (const epoch of [0, 1] as const) {
    it(`of epoch ${epoch} fits few datagrams of 1200 bytes and comes out whole`, () => {
      const protection = () => new RecordProtection(Buffer.alloc(16, 7), Buffer.alloc(4, 9));
      const writer = new RecordWriter();
      writer.protect(protection());
      const messages = sizes.map((size, number) => ({ type: 11, number, body: randomBytes(random, size) }));
      const datagrams = writer.flight(messages.map((message) => ({ type: 'message', epoch, message })));
      expect(Math.max(...datagrams.map(({ length }) => length))).toBeLessThanOrEqual(1200);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      expect(datagrams.length).toBeLessThanOrEqual(Math.ceil(total / 1000));

      const reader = protection();
      const reassembler = new HandshakeReassembler();
      const whole: Buffer[] = [];
      for (const record of datagrams.flatMap((datagram) => [...readRecords(datagram)])) {
        const content = epoch === 0 ? record.fragment : reader.open(record);
        for (const fragment of readFragments(content ?? Buffer.alloc(0))) reassembler.add(fragment);
        for (let message = reassembler.peek(); message; message = reassembler.peek()) {
          whole.push(message.body);
          reassembler.accept();
        }
      }
      expect(whole).toEqual(messages.map(({ body }) => body));
    });
  }

  it('opens under its own number only', () => {
    const protection = new RecordProtection(Buffer.alloc(16, 7), Buffer.alloc(4, 9));
    const writer = new RecordWriter();
    writer.protect(protection);
    const [record] = readRecords(writer.record(23, 1, Buffer.from('hello')));
    expect(protection.open(record)?.toString()).toBe('hello');
    expect(protection.open({ ...record, sequenceNumber: record.sequenceNumber + 1 })).toBeUndefined();
    expect(protection.open({ ...record, type: 22 })).toBeUndefined();
    expect(protection.open({ ...record, fragment: Buffer.alloc(23) })).toBeUndefined();
  });
});
