// Frames to payloads and back: what comes out is what went in, for each codec at the sizes where packets end.
import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom } from '../testing/seeded-random.ts';
import { writeLeb128 } from './av1-payload.ts';
import { createDepacketizer } from './depacketizer.ts';
import type { EncodedFrame } from './encoded-frame.ts';
import { joinAnnexB } from './h264-payload.ts';
import { startsKeyframe } from './keyframe.ts';
import { createPacketizer } from './packetizer.ts';
import { knownCodec, type CodecName, type RtpCodec } from './rtp-codec.ts';

const MAX = 1200;
const SIZES = [
  1,
  2,
  20,
  MAX - 12,
  ...range(MAX - 6, MAX + 6),
  ...range(2 * MAX - 12, 2 * MAX + 3),
  10 * MAX,
  100_003,
];
const random = seededRandom(1);

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function codecNamed(name: CodecName): RtpCodec {
  const [clockRate, channels] = { opus: [48000, 2], PCMU: [8000, 1], PCMA: [8000, 1] }[name as string] ?? [
    90000, 1,
  ];
  return knownCodec(name, clockRate, channels, {})!;
}

/** Random bytes behind those that make a frame of the codec; key frames where `keyframe` says so. */
const MAKE_FRAME: Record<CodecName, (size: number, keyframe: boolean) => Buffer> = {
  opus: (size) => randomBytes(random, size),
  PCMU: (size) => randomBytes(random, size),
  PCMA: (size) => randomBytes(random, size),
  VP8: (size, keyframe) => withHead([keyframe ? 0x10 : 0x11], size),
  VP9: (size, keyframe) => withHead([keyframe ? 0x82 : 0x86], size),
  H264: (size, keyframe) => {
    // No byte 0 or 1 in random data: it must not look like a start code.
    const slice = withHead([keyframe ? 0x65 : 0x41, 0x80], Math.max(2, size)).map((byte) =>
      Math.max(byte, 2),
    );
    const parameterSets = [Buffer.from('6742c00bda05467889b010', 'hex'), Buffer.from('68ce0f2c', 'hex')];
    return joinAnnexB(keyframe ? [...parameterSets, Buffer.from(slice)] : [Buffer.from(slice)]);
  },
  AV1: (size, keyframe) => {
    const frame = obu(6, withHead([keyframe ? 0x10 : 0x30], size));
    return keyframe ? Buffer.concat([obu(1, Buffer.from('000000043d06d4daf90040', 'hex')), frame]) : frame;
  },
};

function withHead(head: number[], size: number): Buffer {
  const data = randomBytes(random, size);
  Buffer.from(head).copy(data);
  return data;
}

function obu(type: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(type << 3) | 2]), writeLeb128(payload.length), payload]);
}

const VIDEO: CodecName[] = ['VP8', 'VP9', 'H264', 'AV1'];

describe.each(['opus', 'PCMU', 'PCMA', ...VIDEO] as CodecName[])('%s payloads', (name) => {
  const codec = codecNamed(name);
  const isAudio = codec.kind === 'audio';

  it('become the frames they were made from, at every size', () => {
    const packetizer = createPacketizer(codec, MAX);
    const depacketizer = createDepacketizer(codec);
    let timestamp = 0xffff_0000;
    for (const size of SIZES) {
      for (const keyframe of [true, false]) {
        timestamp = (timestamp + 3000) >>> 0;
        const frame: EncodedFrame = { data: MAKE_FRAME[name](size, keyframe), timestamp, keyframe };
        const payloads = packetizer.packetize(frame);
        const out = payloads.flatMap((payload, i) =>
          depacketizer.push(payload, { timestamp, marker: i === payloads.length - 1, sequenceGap: false }),
        );
        expect(out).toHaveLength(1);
        expect(out[0].data.equals(frame.data), `${size} bytes`).toBe(true);
        expect(out[0]).toMatchObject({ timestamp, keyframe: isAudio || keyframe });
      }
    }
  });

  it('show the start of a key frame in the first packet, and in no packet of other frames', () => {
    const packetizer = createPacketizer(codec, MAX);
    const starts = (keyframe: boolean): boolean[] =>
      packetizer
        .packetize({ data: MAKE_FRAME[name](5 * MAX, keyframe), timestamp: 0, keyframe })
        .map((payload) => startsKeyframe(codec, payload));
    expect(starts(true)[0]).toBe(true);
    expect(starts(true).at(-1)).toBe(isAudio);
    expect(starts(false).some(Boolean)).toBe(isAudio);
  });

  it('are none for an empty frame', () => {
    const packetizer = createPacketizer(codec, MAX);
    expect(packetizer.packetize({ data: Buffer.alloc(0), timestamp: 0, keyframe: false })).toEqual([]);
  });
});

describe.each(VIDEO)('%s payloads', (name) => {
  const codec = codecNamed(name);

  it('fit into the limit, and nearly fill it', () => {
    for (const limit of [32, 100, MAX]) {
      const packetizer = createPacketizer(codec, limit);
      for (const size of [...range(1, 3 * limit), 50_000]) {
        const data = MAKE_FRAME[name](size, true);
        const lengths = packetizer
          .packetize({ data, timestamp: 0, keyframe: true })
          .map(({ length }) => length);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(limit);
        expect(lengths.length).toBeLessThanOrEqual(Math.ceil(data.length / (limit - 8)) + 2);
      }
    }
  });
});

describe('picture ids', () => {
  it.each(['VP8', 'VP9'] as CodecName[])('of %s count frames and wrap at 15 bits', (name) => {
    const packetizer = createPacketizer(codecNamed(name), MAX);
    const offset = name === 'VP8' ? 2 : 1;
    const next = (size: number): number[] =>
      packetizer
        .packetize({ data: MAKE_FRAME[name](size, false), timestamp: 0, keyframe: false })
        .map((payload) => payload.readUInt16BE(offset) & 0x7fff);
    expect(next(1)).toEqual([0]);
    expect(next(2 * MAX)).toEqual([1, 1, 1]);
    for (let i = 2; i < 0x7fff; i++) next(1);
    expect([next(1), next(1)]).toEqual([[0x7fff], [0]]);
  });
});

describe('H264 parameter sets', () => {
  it('share a STAP-A, whose importance is that of the most important', () => {
    const packetizer = createPacketizer(codecNamed('H264'), MAX);
    const [first, second] = packetizer.packetize({
      data: MAKE_FRAME.H264(100, true),
      timestamp: 0,
      keyframe: true,
    });
    expect([first[0], second[0]]).toEqual([0x78, 0x65]);
  });
});

describe('a limit', () => {
  it('that leaves no room for data is refused', () => {
    expect(() => createPacketizer(codecNamed('VP8'), 31)).toThrow(RangeError);
  });
});
