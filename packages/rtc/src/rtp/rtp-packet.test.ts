import { describe, expect, it } from 'vitest';
import { randomBytes, seededRandom } from '../testing/seeded-random.ts';
import { writeRtpHeader } from './rtp-header.ts';
import type { RtpHeaderFields } from './rtp-header.ts';
import { RtpPacket } from './rtp-packet.ts';

const FIELDS: RtpHeaderFields = {
  marker: true,
  payloadType: 111,
  sequenceNumber: 65534,
  timestamp: 0xfedcba98,
  ssrc: 0x89abcdef,
};

/** A packet with two contributing sources, the extension words given, and `tail` for payload and padding. */
function packetWith(profile: number, extension: Buffer, tail: Buffer, padded = false): Buffer {
  const header = Buffer.alloc(24);
  header[0] = 0x92 | (padded ? 0x20 : 0);
  header[1] = 96;
  header.writeUInt16BE(profile, 20);
  header.writeUInt16BE(extension.length / 4, 22);
  return Buffer.concat([header, extension, tail]);
}

function parsed(bytes: Buffer): RtpPacket {
  const packet = RtpPacket.parse(bytes);
  if (packet === undefined) throw new Error('refused');
  return packet;
}

describe('RtpPacket', () => {
  it('reads back what the header writer wrote', () => {
    const extensions = [
      { id: 3, data: Buffer.from([0x12, 0x34]) },
      { id: 14, data: Buffer.alloc(16, 0xaa) },
    ];
    const bytes = Buffer.alloc(100, 0x55);
    const length = writeRtpHeader(bytes, { ...FIELDS, extensions });
    const packet = parsed(bytes);
    expect(packet).toMatchObject({ ...FIELDS, headerLength: length, payloadLength: 100 - length });
    expect(length).toBe(12 + 4 + 20);
    expect(packet.extension(3)).toEqual(extensions[0].data);
    expect(packet.extension(14)).toEqual(extensions[1].data);
    expect(packet.extension(4)).toBeUndefined();
    expect(packet.payload).toEqual(Buffer.alloc(100 - length, 0x55));
  });

  it('shows the payload and the extensions in place, without copying', () => {
    const bytes = packetWith(0xbede, Buffer.from([0x10, 1, 0, 0]), Buffer.from('abc'));
    const packet = parsed(bytes);
    bytes[25] = 7;
    bytes[28] = 0x7a;
    expect(packet.extension(1)).toEqual(Buffer.from([7]));
    expect(packet.payload.toString()).toBe('zbc');
  });

  it('does not count padding as payload', () => {
    const packet = parsed(packetWith(0xbede, Buffer.alloc(0), Buffer.from([1, 2, 0, 0, 3]), true));
    expect(packet.payload).toEqual(Buffer.from([1, 2]));
    expect(packet.payloadLength).toBe(2);
  });

  it('takes a packet of padding alone', () => {
    expect(parsed(packetWith(0xbede, Buffer.alloc(0), Buffer.from([0, 0, 3]), true)).payloadLength).toBe(0);
  });

  it.each([
    ['padding of zero', packetWith(0xbede, Buffer.alloc(0), Buffer.from([1, 2, 0]), true)],
    ['padding longer than the payload', packetWith(0xbede, Buffer.alloc(0), Buffer.from([1, 2, 4]), true)],
    ['padding announced but no byte left', packetWith(0xbede, Buffer.alloc(0), Buffer.alloc(0), true)],
    ['version 1', Buffer.concat([Buffer.from([0x40]), Buffer.alloc(20)])],
    ['sources past the end', Buffer.concat([Buffer.from([0x83]), Buffer.alloc(22)])],
    [
      'an extension past the end',
      Buffer.concat([Buffer.from([0x90]), Buffer.alloc(13), Buffer.from([0, 1, 0])]),
    ],
  ])('refuses %s', (_name, bytes) => {
    expect(RtpPacket.parse(bytes)).toBeUndefined();
  });

  it('reads the one-byte form past padding, and stops at id 15 and at id 0 with a length', () => {
    const elements = (last: number) => Buffer.from([0, 0x20, 9, 0, 0x51, 1, 2, last, 1, 0x30, 8, 0]);
    const ordinary = parsed(packetWith(0xbede, elements(0x60), Buffer.alloc(1)));
    expect(ordinary.extension(2)).toEqual(Buffer.from([9]));
    expect(ordinary.extension(5)).toEqual(Buffer.from([1, 2]));
    expect(ordinary.extension(3)).toEqual(Buffer.from([8]));
    for (const last of [0xf0, 0x05]) {
      const stopped = parsed(packetWith(0xbede, elements(last), Buffer.alloc(1)));
      expect(stopped.extension(5)).toEqual(Buffer.from([1, 2]));
      expect(stopped.extension(3)).toBeUndefined();
      expect(stopped.extension(15)).toBeUndefined();
      expect(stopped.extension(0)).toBeUndefined();
    }
  });

  it('reads the two-byte form, with ids above 14 and with elements of no length', () => {
    const elements = Buffer.from([200, 0, 0, 15, 3, 1, 2, 3, 7, 1, 9, 0]);
    const packet = parsed(packetWith(0x1005, elements, Buffer.alloc(1)));
    expect(packet.extension(200)).toEqual(Buffer.alloc(0));
    expect(packet.extension(15)).toEqual(Buffer.from([1, 2, 3]));
    expect(packet.extension(7)).toEqual(Buffer.from([9]));
    expect(packet.extension(0)).toBeUndefined();
  });

  it('never reads an element into the payload', () => {
    const payload = Buffer.alloc(40, 0x11);
    expect(parsed(packetWith(0xbede, Buffer.from([0, 0, 0x13, 1]), payload)).extension(1)).toBeUndefined();
    expect(parsed(packetWith(0xbede, Buffer.from([0, 0, 0, 0x10]), payload)).extension(1)).toBeUndefined();
    expect(parsed(packetWith(0x1000, Buffer.from([0, 0, 1, 5]), payload)).extension(1)).toBeUndefined();
    expect(parsed(packetWith(0x1000, Buffer.from([0, 0, 0, 1]), payload)).extension(1)).toBeUndefined();
  });

  it('ignores a header extension of an unknown profile', () => {
    const packet = parsed(packetWith(0x1234, Buffer.from([0x10, 1, 2, 3]), Buffer.from([5])));
    expect(packet.extension(1)).toBeUndefined();
    expect(packet.payload).toEqual(Buffer.from([5]));
  });

  it('neither throws nor reads past the end at any length', () => {
    const whole = packetWith(0xbede, Buffer.from([0x12, 1, 2, 3]), Buffer.from([1, 2, 3, 4]));
    for (let length = 0; length <= whole.length; length++) {
      const packet = RtpPacket.parse(whole.subarray(0, length));
      expect(packet === undefined).toBe(length < 28);
      if (packet) expect(packet.payload).toHaveLength(length - 28);
    }
  });

  it('survives 10,000 random buffers with everything it gives inside of them', () => {
    const random = seededRandom(42);
    let taken = 0;
    for (let round = 0; round < 10_000; round++) {
      const bytes = randomBytes(random, Math.floor(random() * 80));
      if (random() < 0.8 && bytes.length > 0) bytes[0] = 0x80 | (bytes[0] & 0x31);
      if (random() < 0.5 && bytes.length > 16) bytes.set([random() < 0.5 ? 0xbe : 0x10, 0xde, 0, 3], 12);
      const packet = RtpPacket.parse(bytes);
      if (packet === undefined) continue;
      taken += 1;
      expect(packet.headerLength + packet.payloadLength).toBeLessThanOrEqual(bytes.length);
      for (let id = 0; id < 256; id += 3) {
        const data = packet.extension(id);
        if (data === undefined) continue;
        expect(data.byteOffset + data.length).toBeLessThanOrEqual(bytes.byteOffset + packet.headerLength);
      }
    }
    expect(taken).toBeGreaterThan(1_000);
  });
});

describe('writeRtpHeader', () => {
  it('writes the twelve bytes of RFC 3550 when there are no extensions', () => {
    const target = Buffer.alloc(12);
    expect(writeRtpHeader(target, { ...FIELDS, extensions: [] })).toBe(12);
    expect(target.toString('hex')).toBe('80effffefedcba9889abcdef');
  });

  it('takes the low 16 bits of extended sequence numbers, negative ones included', () => {
    const target = Buffer.alloc(12);
    for (const [extended, expected] of [
      [65536 * 5 + 65534, 65534],
      [2 ** 33 + 1, 1],
      [-1, 65535],
    ]) {
      writeRtpHeader(target, { ...FIELDS, sequenceNumber: extended });
      expect(target.readUInt16BE(2)).toBe(expected);
    }
  });

  it('fills the extension up to whole words with zeros, over whatever the target held', () => {
    const target = Buffer.alloc(20, 0xff);
    writeRtpHeader(target, { ...FIELDS, extensions: [{ id: 1, data: Buffer.from([7]) }] });
    expect(target.subarray(12).toString('hex')).toBe('bede000110070000');
  });

  it.each([
    [0, 1],
    [15, 1],
    [1, 0],
    [1, 17],
  ])('refuses an extension with id %i and %i bytes', (id, length) => {
    const extensions = [{ id, data: Buffer.alloc(length) }];
    expect(() => writeRtpHeader(Buffer.alloc(100), { ...FIELDS, extensions })).toThrow(RangeError);
  });

  it('refuses a target that is too short', () => {
    expect(() => writeRtpHeader(Buffer.alloc(11), FIELDS)).toThrow(RangeError);
  });
});
