import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom } from '../testing/seeded-random.ts';
import { writeBye } from './bye.ts';
import { writeFir } from './fir.ts';
import { writeNack } from './nack.ts';
import { writePli } from './pli.ts';
import { writeReceiverReport } from './receiver-report.ts';
import { writeRemb } from './remb.ts';
import type { ReportBlock } from './report-block.ts';
import { compoundRtcp, parseRtcp } from './rtcp-packet.ts';
import { writeSdes } from './sdes.ts';
import { writeSenderReport } from './sender-report.ts';
import { writeTransportFeedback } from './transport-feedback.ts';

const BLOCK: ReportBlock = {
  ssrc: 0xfffffffe,
  fractionLost: 255,
  cumulativeLost: -3,
  highestSequence: 0x0003fffe,
  jitter: 0xf0000000,
  lastSenderReport: 0xdeadbeef,
  delaySinceLastSenderReport: 0x80000000,
};

const PARTS = {
  senderReport: writeSenderReport({
    ssrc: 0xffffffff,
    ntpMs: 3_900_000_000_500,
    rtpTimestamp: 0xfffffff0,
    packetCount: 2 ** 32 + 5,
    octetCount: 0x80000000,
    reports: [BLOCK, { ...BLOCK, ssrc: 7 }],
  }),
  receiverReport: writeReceiverReport({ ssrc: 5, reports: [BLOCK] }),
  sdes: writeSdes([
    { ssrc: 1, cname: 'grüße' },
    { ssrc: 2, cname: '' },
  ]),
  bye: writeBye([0xffffffff, 4]),
  nack: writeNack({ senderSsrc: 1, mediaSsrc: 2, sequences: [65534, 65535, 1, 14, 15] }),
  pli: writePli({ senderSsrc: 1, mediaSsrc: 0xffffffff }),
  fir: writeFir({ senderSsrc: 1, entries: [{ ssrc: 0x80000000, sequence: 255 }] }),
  remb: writeRemb({ senderSsrc: 1, bitrate: 2_500_000, ssrcs: [0xffffffff, 3] }),
  transportFeedback: writeTransportFeedback({
    senderSsrc: 1,
    mediaSsrc: 2,
    baseSequence: 65534,
    referenceTime: -2,
    feedbackCount: 255,
    receivedDeltaTicks: [0, undefined, 256, -1],
  }),
};

const EXPECTED = [
  {
    type: 'sender-report',
    ssrc: 0xffffffff,
    ntpMs: 3_900_000_000_500,
    ntpHi: 3_900_000_000,
    ntpLo: 0x80000000,
    rtpTimestamp: 0xfffffff0,
    packetCount: 5,
    octetCount: 0x80000000,
    reports: [BLOCK, { ...BLOCK, ssrc: 7 }],
  },
  { type: 'receiver-report', ssrc: 5, reports: [BLOCK] },
  {
    type: 'sdes',
    chunks: [
      { ssrc: 1, cname: 'grüße' },
      { ssrc: 2, cname: '' },
    ],
  },
  { type: 'bye', ssrcs: [0xffffffff, 4] },
  { type: 'nack', senderSsrc: 1, mediaSsrc: 2, sequences: [65534, 65535, 1, 14, 15] },
  { type: 'pli', senderSsrc: 1, mediaSsrc: 0xffffffff },
  { type: 'fir', senderSsrc: 1, mediaSsrc: 0, entries: [{ ssrc: 0x80000000, sequence: 255 }] },
  { type: 'remb', senderSsrc: 1, bitrate: 2_500_000, ssrcs: [0xffffffff, 3] },
  {
    type: 'transport-feedback',
    senderSsrc: 1,
    mediaSsrc: 2,
    baseSequence: 65534,
    referenceTime: -2,
    feedbackCount: 255,
    packets: [
      { sequence: 65534, receivedDeltaTicks: 0 },
      { sequence: 65535, receivedDeltaTicks: undefined },
      { sequence: 0, receivedDeltaTicks: 256 },
      { sequence: 1, receivedDeltaTicks: -1 },
    ],
  },
];

describe('parseRtcp', () => {
  it('reads a compound packet of every type that the builders write', () => {
    expect(parseRtcp(compoundRtcp(Object.values(PARTS)))).toEqual(EXPECTED);
  });

  it('skips unknown types and formats between known ones', () => {
    const unknown = Buffer.from('8bd2000100000001' + '8fce0003000000010000000041424344', 'hex');
    const feedback = Buffer.from('83cd000200000001' + '00000002', 'hex');
    const packets = parseRtcp(compoundRtcp([PARTS.receiverReport, unknown, feedback, PARTS.pli]));
    expect(packets.map(({ type }) => type)).toEqual(['receiver-report', 'pli']);
  });

  it('skips a packet that counts more than it holds, and reads on behind it', () => {
    const short = Buffer.from(PARTS.receiverReport);
    short[0] = 0x82;
    expect(parseRtcp(compoundRtcp([short, PARTS.pli])).map(({ type }) => type)).toEqual(['pli']);
  });

  it('drops the rest from a header that does not fit', () => {
    const long = Buffer.from(PARTS.bye);
    long.writeUInt16BE(400, 2);
    const foreign = Buffer.from(PARTS.bye);
    foreign[0] = 0x42;
    for (const broken of [long, foreign]) {
      const packets = parseRtcp(compoundRtcp([PARTS.pli, broken, PARTS.nack]));
      expect(packets.map(({ type }) => type)).toEqual(['pli']);
    }
  });

  it('does not read padding as content', () => {
    const padded = Buffer.concat([PARTS.nack, Buffer.from([0, 0, 0, 4])]);
    padded[0] |= 0x20;
    padded.writeUInt16BE(padded.length / 4 - 1, 2);
    expect(parseRtcp(padded)).toEqual([EXPECTED[4]]);
    padded[padded.length - 1] = 255;
    expect(parseRtcp(padded)).toEqual([]);
  });

  it.each(Object.entries(PARTS))('neither throws nor overreads when a %s ends early', (_name, part) => {
    for (let length = 0; length < part.length; length++) {
      // What lies behind the end must not be read as if it belonged to the packet.
      const bytes = Buffer.concat([part.subarray(0, length), Buffer.alloc(64, 0xff)]).subarray(0, length);
      expect(parseRtcp(bytes)).toEqual([]);
    }
  });

  it.each(Object.entries(PARTS))(
    'neither throws nor overreads when a %s announces fewer words',
    (_name, part) => {
      for (let words = 0; words < part.length / 4 - 1; words++) {
        const bytes = Buffer.from(part);
        bytes.writeUInt16BE(words, 2);
        expect(() => parseRtcp(bytes)).not.toThrow();
      }
    },
  );

  it('survives 10,000 random buffers', () => {
    const random = seededRandom(7);
    const types = [200, 201, 202, 203, 205, 206];
    let read = 0;
    for (let round = 0; round < 10_000; round++) {
      const bytes = randomBytes(random, Math.floor(random() * 120));
      if (random() < 0.9 && bytes.length >= 4) {
        bytes[0] = 0x80 | [0, 1, 4, 15, 0x21, bytes[0] & 0x3f][Math.floor(random() * 6)];
        bytes[1] = types[Math.floor(random() * types.length)];
        bytes.writeUInt16BE(Math.floor((Math.sqrt(random()) * bytes.length) / 4), 2);
      }
      read += parseRtcp(bytes).length;
    }
    expect(read).toBeGreaterThan(1_000);
  });

  it('survives every single-byte change of a compound packet', () => {
    const random = seededRandom(8);
    const whole = compoundRtcp(Object.values(PARTS));
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] ^= 1 + Math.floor(random() * 255);
      expect(() => parseRtcp(bytes)).not.toThrow();
    }
  });
});

describe('the builders', () => {
  it('lay their bytes out as the specifications do', () => {
    expect(PARTS.pli.toString('hex')).toBe('81ce000200000001ffffffff');
    expect(PARTS.fir.toString('hex')).toBe('84ce0004000000010000000080000000ff000000');
    expect(PARTS.remb.toString('hex')).toBe(
      '8fce00060000000100000000' + '52454d42' + '0212625a' + 'ffffffff00000003',
    );
    expect(PARTS.bye.toString('hex')).toBe('82cb0002ffffffff00000004');
  });

  it('merge a NACK into entries of a packet and the 16 after it, across the wrap-around', () => {
    // 65534 with 65535 (bit 0) and 14 (bit 15); 15 is the 17th after 65534 and needs an entry of its own.
    const nack = writeNack({ senderSsrc: 1, mediaSsrc: 2, sequences: [65534, 65535, 14, 15, 15] });
    expect(nack.subarray(12).toString('hex')).toBe('fffe8001' + '000f0000');
  });

  it('lose no packet of a NACK that is not in order', () => {
    const sequences = [5, 65534, 100, 4, 6, 65535, 99];
    const [nack] = parseRtcp(writeNack({ senderSsrc: 1, mediaSsrc: 2, sequences }));
    expect(nack.type === 'nack' && new Set(nack.sequences)).toEqual(new Set(sequences));
  });

  it.each([0, 1, 262_143, 262_144, 1_000_001, 2 ** 40, 2 ** 70, Infinity])(
    'never write a REMB of more than %d bits per second, nor much less',
    (bitrate) => {
      const [remb] = parseRtcp(writeRemb({ senderSsrc: 1, bitrate, ssrcs: [] }));
      if (remb.type !== 'remb') throw new Error(remb.type);
      expect(remb.bitrate).toBeLessThanOrEqual(bitrate);
      expect(remb.bitrate).toBeGreaterThanOrEqual(Math.min(bitrate, 2 ** 80) * (1 - 2 ** -17));
    },
  );

  it('stop the cumulative loss at the ends of 24 bits', () => {
    for (const [lost, expected] of [
      [10_000_000, 0x7fffff],
      [-10_000_000, -0x800000],
    ]) {
      const [report] = parseRtcp(
        writeReceiverReport({ ssrc: 1, reports: [{ ...BLOCK, cumulativeLost: lost }] }),
      );
      expect(report.type === 'receiver-report' && report.reports[0].cumulativeLost).toBe(expected);
    }
  });

  it('refuse what their format cannot say', () => {
    expect(() =>
      writeReceiverReport({ ssrc: 1, reports: new Array(32).fill(BLOCK) as ReportBlock[] }),
    ).toThrow();
    expect(() => writeBye(new Array(32).fill(1) as number[])).toThrow(RangeError);
    expect(() => writeSdes([{ ssrc: 1, cname: 'x'.repeat(256) }])).toThrow(RangeError);
    expect(() => writeNack({ senderSsrc: 1, mediaSsrc: 2, sequences: [] })).toThrow(RangeError);
    expect(() => writeFir({ senderSsrc: 1, entries: [] })).toThrow(RangeError);
    expect(() => writeRemb({ senderSsrc: 1, bitrate: NaN, ssrcs: [] })).toThrow(RangeError);
  });

  it.each([0, 1, 2, 3, 4, 5, 254, 255])('end a name of %i bytes with a zero and whole words', (length) => {
    const sdes = writeSdes([
      { ssrc: 1, cname: 'x'.repeat(length) },
      { ssrc: 2, cname: 'second' },
    ]);
    expect(sdes.length % 4).toBe(0);
    expect(parseRtcp(sdes)).toEqual([
      {
        type: 'sdes',
        chunks: [
          { ssrc: 1, cname: 'x'.repeat(length) },
          { ssrc: 2, cname: 'second' },
        ],
      },
    ]);
  });
});
