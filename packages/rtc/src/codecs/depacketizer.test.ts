// The hard cases of putting frames together: gaps, lost markers, cut and random payloads, layers.
import { beforeEach, describe, expect, it } from 'vitest';
import { randomBytes, seededRandom } from '../testing/seeded-random.ts';
import { createDepacketizer } from './depacketizer.ts';
import type { Depacketizer, EncodedFrame } from './encoded-frame.ts';
import { startsKeyframe } from './keyframe.ts';
import { createPacketizer } from './packetizer.ts';
import { knownCodec, type CodecName, type RtpCodec } from './rtp-codec.ts';

const VIDEO: CodecName[] = ['VP8', 'VP9', 'H264', 'AV1'];

function codecNamed(name: CodecName): RtpCodec {
  return knownCodec(name, 90000, 1, {})!;
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** Heads as real encoders write them for 322x182 pixels (libvpx, x264, libaom); the rest is filled with 0xaa. */
const KEYFRAME: Record<string, Buffer> = {
  VP8: Buffer.concat([hex('b05a009d012a4201b60000'), Buffer.alloc(389, 0xaa)]),
  VP9: Buffer.concat([hex('824983420014100b5606'), Buffer.alloc(390, 0xaa)]),
  H264: Buffer.concat([
    hex('00000001 6742c00bda05467889b011000003000100000300148f142aa0 00000001 68ce0f2c'),
    hex('00000001 6588'),
    Buffer.alloc(364, 0xaa),
  ]),
  AV1: Buffer.concat([hex('0a0b000000043d06d4daf90040 32ff02 10'), Buffer.alloc(382, 0xaa)]),
};
const INTER_FRAME: Record<string, Buffer> = {
  VP8: Buffer.concat([hex('b1'), Buffer.alloc(399, 0xbb)]),
  VP9: Buffer.concat([hex('86'), Buffer.alloc(399, 0xbb)]),
  H264: Buffer.concat([hex('00000001 419a'), Buffer.alloc(394, 0xbb)]),
  AV1: Buffer.concat([hex('328003 30'), Buffer.alloc(383, 0xbb)]),
};

interface TestPacket {
  payload: Buffer;
  timestamp: number;
  marker: boolean;
}

/** Frames of the given kinds (K key, i inter) at timestamps 0, 3000, ..., each in several packets. */
function packetsOf(name: CodecName, kinds: string): TestPacket[][] {
  const packetizer = createPacketizer(codecNamed(name), 100);
  return [...kinds].map((kind, index) => {
    const data = kind === 'K' ? KEYFRAME[name] : INTER_FRAME[name];
    const payloads = packetizer.packetize({ data, timestamp: index * 3000, keyframe: kind === 'K' });
    expect(payloads.length).toBeGreaterThan(3);
    return payloads.map((payload, i) => ({
      payload,
      timestamp: index * 3000,
      marker: i === payloads.length - 1,
    }));
  });
}

/** Pushes all packets but those at the `lost` positions, and says where packets are missing. */
function play(depacketizer: Depacketizer, packets: TestPacket[], lost: number[] = []): EncodedFrame[] {
  return packets.flatMap(({ payload, timestamp, marker }, i) =>
    lost.includes(i)
      ? []
      : depacketizer.push(payload, { timestamp, marker, sequenceGap: lost.includes(i - 1) }),
  );
}

describe.each(VIDEO)('a depacketizer of %s', (name) => {
  let depacketizer: Depacketizer;
  beforeEach(() => {
    depacketizer = createDepacketizer(codecNamed(name));
  });

  it('reads the size of key frames', () => {
    const frames = play(depacketizer, packetsOf(name, 'Ki').flat());
    expect(frames[0]).toMatchObject({ keyframe: true, width: 322, height: 182 });
    expect(frames[0].data.equals(KEYFRAME[name])).toBe(true);
    expect(frames[1]).toEqual({ data: INTER_FRAME[name], timestamp: 3000, keyframe: false });
  });

  it('drops exactly the frame that misses a packet, whichever that is', () => {
    const frames = packetsOf(name, 'iKii');
    const packets = frames.flat();
    const frameAt = frames.flatMap((frame, index) => frame.map(() => index));
    // Not the very first: it is shown below that a depacketizer cannot know what came before it.
    for (let lost = 1; lost < packets.length - 1; lost++) {
      const delivered = play(createDepacketizer(codecNamed(name)), packets, [lost]);
      const expected = [0, 1, 2, 3].filter((index) => index !== frameAt[lost]);
      expect(
        delivered.map(({ timestamp }) => timestamp / 3000),
        `packet ${lost} lost`,
      ).toEqual(expected);
      for (const { data, timestamp } of delivered) {
        expect(data.equals(timestamp === 3000 ? KEYFRAME[name] : INTER_FRAME[name])).toBe(true);
      }
    }
  });

  it('drops both frames when the end of one and the start of the next are lost', () => {
    const frames = packetsOf(name, 'Kiii');
    const end = frames[0].length + frames[1].length;
    const delivered = play(depacketizer, frames.flat(), [end - 1, end]);
    expect(delivered.map(({ timestamp }) => timestamp)).toEqual([0, 9000]);
  });

  it('gives a frame whose marker was not set when the next begins', () => {
    const packets = packetsOf(name, 'Kii')
      .flat()
      .map((packet) => ({ ...packet, marker: packet.marker && packet.timestamp !== 3000 }));
    const delivered = play(depacketizer, packets);
    expect(delivered.map(({ timestamp }) => timestamp)).toEqual([0, 3000, 6000]);
  });

  it('drops a frame without marker that a gap follows, for its end may be lost', () => {
    const frames = packetsOf(name, 'Kii');
    frames[1].forEach((packet) => (packet.marker = false));
    const packets = frames.flat();
    const next = frames[0].length + frames[1].length;
    const delivered = packets.flatMap(({ payload, ...info }, i) =>
      depacketizer.push(payload, { ...info, sequenceGap: i === next }),
    );
    expect(delivered.map(({ timestamp }) => timestamp)).toEqual([0, 6000]);
  });

  it('remembers a gap that a packet without payload reported', () => {
    const [frame] = packetsOf(name, 'K');
    play(depacketizer, frame.slice(0, 2));
    const padding = { timestamp: 0, marker: false, sequenceGap: true };
    expect(depacketizer.push(Buffer.alloc(0), padding)).toEqual([]);
    expect(play(depacketizer, frame.slice(2))).toEqual([]);
  });

  it('does not give the rest of a frame that it joins in the middle of, or after a reset', () => {
    const [key, inter] = packetsOf(name, 'Ki');
    expect(play(depacketizer, key.slice(-2))).toEqual([]);
    expect(play(depacketizer, inter)).toHaveLength(1);
    play(depacketizer, key.slice(0, 2));
    depacketizer.reset();
    expect(play(depacketizer, key.slice(2))).toEqual([]);
    expect(play(depacketizer, key)).toHaveLength(1);
  });

  it('gives up a frame that never ends before it takes all memory', () => {
    const [first, ...rest] = packetsOf(name, 'i')[0];
    const endless = { ...first, marker: false };
    play(depacketizer, [endless]);
    for (let i = 0; i < 16_384; i++) play(depacketizer, [{ ...rest[0], marker: false }]);
    expect(play(depacketizer, [rest.at(-1)!])).toEqual([]);
  });

  it('never throws at a payload cut to any length', () => {
    for (const payload of packetsOf(name, 'Ki')
      .flat()
      .map((packet) => packet.payload)) {
      for (let length = 0; length <= payload.length; length++) {
        const cut = payload.subarray(0, length);
        startsKeyframe(codecNamed(name), cut);
        const info = { timestamp: length, marker: true, sequenceGap: false };
        expect(createDepacketizer(codecNamed(name)).push(cut, info).length).toBeLessThanOrEqual(1);
      }
    }
  });

  it('never throws at 5,000 random payloads', () => {
    const random = seededRandom(42);
    for (let i = 0; i < 5000; i++) {
      const payload = randomBytes(random, Math.floor(random() * 40));
      startsKeyframe(codecNamed(name), payload);
      for (const frame of depacketizer.push(payload, {
        timestamp: Math.floor(random() * 3),
        marker: random() < 0.3,
        sequenceGap: random() < 0.1,
      })) {
        expect(frame.data.length).toBeGreaterThan(0);
      }
    }
  });
});

describe('VP8', () => {
  it('reads descriptors with a 7-bit picture id, TL0PICIDX and TID/KEYIDX', () => {
    const depacketizer = createDepacketizer(codecNamed('VP8'));
    const info = { timestamp: 0, marker: true, sequenceGap: false };
    const frames = ['90 80 11', '90 80 9111', '90 40 22', '90 e0 91 11 22 33', '90 20 33', '90 10 33', '10']
      .map((descriptor) => Buffer.concat([hex(descriptor), KEYFRAME.VP8]))
      .map((payload) => depacketizer.push(payload, info)[0]);
    for (const { data } of frames) expect(data.equals(KEYFRAME.VP8)).toBe(true);
  });

  it('does not take the start of a later partition for the start of a frame', () => {
    const depacketizer = createDepacketizer(codecNamed('VP8'));
    const secondPartition = Buffer.concat([hex('11'), KEYFRAME.VP8]);
    expect(startsKeyframe(codecNamed('VP8'), secondPartition)).toBe(false);
    expect(depacketizer.push(secondPartition, { timestamp: 0, marker: true, sequenceGap: false })).toEqual(
      [],
    );
  });
});

describe('VP9', () => {
  const info = { timestamp: 0, marker: false, sequenceGap: false };

  it('takes the size of the highest layer from a scalability structure and joins layers to a superframe', () => {
    const depacketizer = createDepacketizer(codecNamed('VP9'));
    // I, L, B, E, V; picture id 5; layer 0; TL0PICIDX; two layers with sizes and one picture in the group.
    const structure = '38 00a0005a 014000b4 01 04 01';
    const low = Buffer.concat([hex(`ae 8005 00 11 ${structure}`), hex('82aaaa')]);
    const high = Buffer.concat([hex('ac 8005 03 11'), hex('86bbbbbb')]);
    expect(startsKeyframe(codecNamed('VP9'), low)).toBe(true);
    expect(startsKeyframe(codecNamed('VP9'), high)).toBe(false);
    expect(depacketizer.push(low, info)).toEqual([]);
    expect(depacketizer.push(high, { ...info, marker: true })).toEqual([
      {
        data: hex('82aaaa 86bbbbbb d9 03000000 04000000 d9'),
        timestamp: 0,
        keyframe: true,
        width: 320,
        height: 180,
      },
    ]);
  });

  it('does not begin with an upper layer when the lowest is lost', () => {
    const depacketizer = createDepacketizer(codecNamed('VP9'));
    const high = hex('ac 8005 03 11 86bbbbbb');
    expect(depacketizer.push(high, { ...info, marker: true, sequenceGap: true })).toEqual([]);
  });

  it('does not take an intra-only frame, or the repetition of an old one, for a key frame', () => {
    expect(startsKeyframe(codecNamed('VP9'), hex('8c 01 86'))).toBe(false);
    expect(startsKeyframe(codecNamed('VP9'), hex('8c 01 88'))).toBe(false);
    expect(startsKeyframe(codecNamed('VP9'), hex('8c 01 82'))).toBe(true);
    expect(startsKeyframe(codecNamed('VP9'), hex('8c 01 b1'))).toBe(true); // profile 3
    expect(startsKeyframe(codecNamed('VP9'), hex('8c 01 b2'))).toBe(false);
  });
});

describe('H264', () => {
  const codec = codecNamed('H264');
  const push = (
    depacketizer: Depacketizer,
    text: string,
    marker = false,
    sequenceGap = false,
  ): EncodedFrame[] => depacketizer.push(hex(text), { timestamp: 0, marker, sequenceGap });

  it('gives key frames the parameter sets in force, also those of an earlier frame', () => {
    const depacketizer = createDepacketizer(codec);
    for (const { payload, ...info } of packetsOf('H264', 'K')[0]) {
      depacketizer.push(payload, { ...info, sequenceGap: false });
    }
    const [frame] = push(depacketizer, '65 88 aa', true);
    expect(frame).toMatchObject({ keyframe: true, width: 322, height: 182, pps: hex('68ce0f2c') });
    expect(frame.sps!.subarray(0, 4)).toEqual(hex('6742c00b'));
  });

  it('drops a key frame after a gap that may have held its parameter sets', () => {
    const depacketizer = createDepacketizer(codec);
    expect(push(depacketizer, '65 88 aa', true, true)).toEqual([]);
    expect(push(depacketizer, '41 9a aa', true)).toHaveLength(1);
  });

  it('does not take what follows a gap for a frame of its own when that frame was given already', () => {
    const depacketizer = createDepacketizer(codec);
    expect(push(depacketizer, '41 9a aa', true)).toHaveLength(1);
    expect(push(depacketizer, '41 9a bb', true, true)).toEqual([]);
  });

  it('drops a frame after a gap that begins with a later slice', () => {
    const depacketizer = createDepacketizer(codec);
    expect(push(depacketizer, '41 40 aa', true, true)).toEqual([]);
  });

  it('drops a frame with a fragment that does not belong, or a STAP-A that is cut', () => {
    expect(push(createDepacketizer(codec), '7c 45 aa', true)).toEqual([]);
    const interrupted = createDepacketizer(codec);
    push(interrupted, '7c 85 88 aa');
    push(interrupted, '41 9a');
    expect(push(interrupted, '7c 45 bb', true)).toEqual([]);
    expect(push(createDepacketizer(codec), '78 0002 6742 0009 68', true)).toEqual([]);
    expect(push(createDepacketizer(codec), '79 0000 0002 6742', true)).toEqual([]);
  });

  it('begins a key frame at the SPS and at the first slice of the IDR picture, in each kind of packet', () => {
    const starts = ['67 42', '65 88', '7c 85 88', '78 0002 0930 0002 6588', '78 0002 6742 0002 68ce'];
    const others = [
      '68 ce',
      '65 40',
      '7c 85 40',
      '7c 05 88',
      '78 0002 0930 0002 4188',
      '78 0009 6742',
      '41 88',
    ];
    expect(starts.filter((text) => !startsKeyframe(codec, hex(text)))).toEqual([]);
    expect(others.filter((text) => startsKeyframe(codec, hex(text)))).toEqual([]);
  });
});

describe('AV1', () => {
  const codec = codecNamed('AV1');
  const push = (
    depacketizer: Depacketizer,
    text: string,
    marker = true,
    sequenceGap = false,
  ): EncodedFrame[] => depacketizer.push(hex(text), { timestamp: 0, marker, sequenceGap });
  const SEQUENCE = '08 000000043d06d4daf90040';

  it('adds size fields, and leaves temporal delimiters and tile lists out', () => {
    // Three elements, the last without length: a temporal delimiter, a sequence header, a frame.
    const [frame] = push(createDepacketizer(codec), `38 01 10 0c ${SEQUENCE} 30 10 aa`);
    expect(frame.data).toEqual(hex(`0a 0b 000000043d06d4daf90040 32 02 10 aa`));
    expect(frame).toMatchObject({ keyframe: true, width: 322, height: 182 });
    expect(push(createDepacketizer(codec), '20 02 4000 30 30aa')[0].data).toEqual(hex('32 02 30aa'));
  });

  it('takes OBUs that have a size field already, and keeps extensions', () => {
    expect(push(createDepacketizer(codec), '10 32 02 30aa')[0].data).toEqual(hex('32 02 30aa'));
    expect(push(createDepacketizer(codec), '10 34 20 30aa')[0].data).toEqual(hex('36 20 02 30aa'));
  });

  it('joins an OBU that goes over three packets', () => {
    const depacketizer = createDepacketizer(codec);
    push(depacketizer, '50 30 30', false);
    push(depacketizer, 'd0 aa', false);
    expect(push(depacketizer, '90 bb')[0].data).toEqual(hex('32 03 30aabb'));
  });

  it('drops a unit whose last OBU goes on, or whose packet continues nothing', () => {
    expect(push(createDepacketizer(codec), '50 30 30aa')).toEqual([]);
    expect(push(createDepacketizer(codec), '90 30 30aa')).toEqual([]);
  });

  it('drops a unit after a gap that begins with tiles, an upper layer, or a key frame without its sequence', () => {
    for (const text of ['10 20 aa', '10 34 08 30aa', '10 30 10aa']) {
      expect(push(createDepacketizer(codec), text, true, true)).toEqual([]);
    }
    expect(push(createDepacketizer(codec), '10 30 30aa', true, true)).toHaveLength(1);
  });

  it('is a key frame by the N bit, or by a sequence header anywhere in the packet, but not in a continuation', () => {
    const starts = ['18 30 10', `00 01 10 0c ${SEQUENCE}`, `20 01 10 ${SEQUENCE}`, `10 ${SEQUENCE}`];
    const others = [
      '10 30 10',
      '98 30 10',
      `90 ${SEQUENCE}`,
      '00 ffffffff01 08',
      '00 7f 08',
      '00 80',
      '20 01',
    ];
    expect(starts.filter((text) => !startsKeyframe(codec, hex(text)))).toEqual([]);
    expect(others.filter((text) => startsKeyframe(codec, hex(text)))).toEqual([]);
  });
});

describe('audio', () => {
  it('passes each payload through, and nothing for an empty one', () => {
    const opus = knownCodec('opus', 48000, 2, {})!;
    const depacketizer = createDepacketizer(opus);
    const payload = hex('f8aabb');
    const info = { timestamp: 960, marker: false, sequenceGap: true };
    expect(depacketizer.push(payload, info)).toEqual([{ data: payload, timestamp: 960, keyframe: true }]);
    expect(depacketizer.push(Buffer.alloc(0), info)).toEqual([]);
    expect(startsKeyframe(opus, payload)).toBe(true);
  });
});
