import { describe, expect, it } from 'vitest';
import { seededRandom } from '../testing/seeded-random.ts';
import { parseRtcp } from './rtcp-packet.ts';
import { writeTransportFeedback } from './transport-feedback.ts';
import type { TransportFeedback } from './transport-feedback.ts';

const HEADER = { senderSsrc: 1, mediaSsrc: 2, baseSequence: 65534, referenceTime: 0, feedbackCount: 0 };

function write(receivedDeltaTicks: (number | undefined)[]): Buffer {
  return writeTransportFeedback({ ...HEADER, receivedDeltaTicks });
}

function read(bytes: Buffer): TransportFeedback {
  const [packet] = parseRtcp(bytes);
  if (packet?.type !== 'transport-feedback') throw new Error(`read ${packet?.type}`);
  return packet;
}

/** Message with the chunks given in hex, `count` packets, and `deltas` in hex. */
function message(count: number, chunks: string, deltas = ''): Buffer {
  const content = Buffer.from(`00000000${chunks}${deltas}`, 'hex');
  const bytes = Buffer.alloc(16 + Math.ceil(content.length / 4) * 4);
  bytes.set([0x8f, 205]);
  bytes.writeUInt16BE(bytes.length / 4 - 1, 2);
  bytes.writeUInt16BE(count, 14);
  content.copy(bytes, 16);
  return bytes;
}

const LOST = undefined;

describe('transport-wide feedback', () => {
  it.each<[string, (number | undefined)[], string]>([
    ['a run of small deltas as one run', new Array<number>(20).fill(4), '2014'],
    ['a run of losses before a packet', [...new Array<undefined>(30).fill(LOST), 0], '001e' + '2001'],
    ['a mixture of losses and small deltas as one-bit vector', [1, LOST, 1, 1, LOST, 1], 'ad00'],
    ['large deltas among others as two-bit vector', [1, LOST, 256, -1, LOST, 1], 'd284'],
  ])('writes %s', (_name, deltas, chunks) => {
    const bytes = write(deltas);
    expect(bytes.subarray(20, 20 + chunks.length / 2).toString('hex')).toBe(chunks);
    expect(read(bytes).packets.map(({ receivedDeltaTicks }) => receivedDeltaTicks)).toEqual(deltas);
  });

  it('reads back random mixtures of losses, small and large deltas, across the wrap-around', () => {
    const random = seededRandom(3);
    for (let round = 0; round < 500; round++) {
      const lossRate = random() * random();
      const largeRate = random() < 0.5 ? 0 : random() * random();
      const deltas = Array.from({ length: 1 + Math.floor(random() * 300) }, () => {
        if (random() < lossRate) return undefined;
        return random() < largeRate ? Math.floor(random() * 65_536) - 32_768 : Math.floor(random() * 256);
      });
      const feedback = read(write(deltas));
      expect(feedback.packets.map(({ receivedDeltaTicks }) => receivedDeltaTicks)).toEqual(deltas);
      expect(feedback.packets.map(({ sequence }) => sequence)).toEqual(
        deltas.map((_delta, index) => (65534 + index) & 0xffff),
      );
    }
  });

  it('splits runs that are longer than a chunk can count', () => {
    const deltas = [0, ...new Array<undefined>(8_189).fill(LOST), 255];
    expect(read(write(deltas)).packets).toHaveLength(8_191);
  });

  it('marks what it adds to reach whole words as padding', () => {
    for (let count = 1; count < 9; count++) {
      const bytes = write(new Array<number>(count).fill(3));
      expect(bytes.length % 4).toBe(0);
      const padding = bytes.length - 20 - 2 - count;
      expect(bytes[0] & 0x20).toBe(padding > 0 ? 0x20 : 0);
      if (padding > 0) expect(bytes[bytes.length - 1]).toBe(padding);
    }
  });

  it('wraps the reference time and the feedback count', () => {
    const counters = { referenceTime: 0x800000, feedbackCount: 256, baseSequence: 65536 + 3 };
    const feedback = read(writeTransportFeedback({ ...HEADER, ...counters, receivedDeltaTicks: [0] }));
    expect(feedback).toMatchObject({ referenceTime: -0x800000, feedbackCount: 0, baseSequence: 3 });
  });

  it.each([
    ['no packet', message(0, '2001', '00')],
    ['fewer chunks than packets', message(40, '2001', '000000')],
    ['a run of none', message(1, '2000', '00')],
    ['the reserved status in a run', message(1, '6001', '00')],
    ['the reserved status in a vector', message(7, 'f000', '00')],
    ['fewer deltas than received packets', message(7, '2007', '0000')],
    ['half a large delta', message(1, '4001', '').subarray(0, 20)],
    ['more packets than anyone reports on', message(8_192, '1fff0001')],
  ])('refuses %s', (_name, bytes) => {
    expect(parseRtcp(bytes)).toEqual([]);
  });

  it('does not let one datagram claim thousands of packets again and again', () => {
    const claim = message(8_191, '1fff');
    expect(parseRtcp(Buffer.concat([claim, message(7, '0007'), claim, claim, claim]))).toHaveLength(2);
  });

  it('refuses to write deltas beyond 16 bits, no packets, or too many', () => {
    expect(() => write([32_768])).toThrow(RangeError);
    expect(() => write([-32_769])).toThrow(RangeError);
    expect(() => write([])).toThrow(RangeError);
    expect(() => write(new Array<undefined>(8_192).fill(LOST))).toThrow(RangeError);
  });
});
