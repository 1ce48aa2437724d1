import { describe, expect, it } from 'vitest';
import { writeRtpHeader } from './rtp-header.ts';
import { RtpPacket } from './rtp-packet.ts';
import { unwrapRtx, writeRtx } from './rtx.ts';

const MEDIA_SSRC = 0xf0000001;
const RTX_SSRC = 0xf0000002;

function rtxPacket(payload: Buffer, padding = 0): RtpPacket {
  const bytes = Buffer.alloc(12 + payload.length + padding);
  writeRtpHeader(bytes, {
    marker: true,
    payloadType: 97,
    sequenceNumber: 5,
    timestamp: 90_000,
    ssrc: RTX_SSRC,
  });
  payload.copy(bytes, 12);
  if (padding > 0) {
    bytes[0] |= 0x20;
    bytes[bytes.length - 1] = padding;
  }
  const packet = RtpPacket.parse(bytes);
  if (packet === undefined) throw new Error('refused');
  return packet;
}

describe('RTX', () => {
  it.each([0, 65534, 65535])('brings the media packet %i back as it was', (sequenceNumber) => {
    const media = {
      marker: true,
      sequenceNumber,
      timestamp: 0xfffffff0,
      payload: Buffer.from('a frame'),
      extensions: [{ id: 4, data: Buffer.from([1, 2, 3]) }],
    };
    const original = Buffer.alloc(20 + media.payload.length);
    writeRtpHeader(original, { ...media, payloadType: 96, ssrc: MEDIA_SSRC });
    media.payload.copy(original, 20);

    const target = Buffer.alloc(1500, 0xff);
    const length = writeRtx(target, media, RTX_SSRC, 97, 65537);
    const rtx = RtpPacket.parse(target.subarray(0, length));
    expect(rtx).toMatchObject({ ssrc: RTX_SSRC, payloadType: 97, sequenceNumber: 1, timestamp: 0xfffffff0 });
    expect(rtx && unwrapRtx(rtx, MEDIA_SSRC, 96)).toEqual(original);
  });

  it('drops the padding and leaves the RTX packet as it was', () => {
    const rtx = rtxPacket(Buffer.from([0xff, 0xfe, 1, 2, 3]), 4);
    const before = Buffer.from(rtx.bytes);
    const media = RtpPacket.parse(unwrapRtx(rtx, MEDIA_SSRC, 96) ?? Buffer.alloc(0));
    expect(media).toMatchObject({ ssrc: MEDIA_SSRC, payloadType: 96, sequenceNumber: 65534, marker: true });
    expect(media?.payload).toEqual(Buffer.from([1, 2, 3]));
    expect(rtx.bytes).toEqual(before);
  });

  it.each([
    ['padding alone', rtxPacket(Buffer.alloc(0), 200)],
    ['nothing', rtxPacket(Buffer.alloc(0))],
    ['half a sequence number', rtxPacket(Buffer.from([1]), 3)],
  ])('finds no media packet in %s', (_name, rtx) => {
    expect(unwrapRtx(rtx, MEDIA_SSRC, 96)).toBeUndefined();
  });

  it('refuses a target that is too short', () => {
    const media = { marker: false, sequenceNumber: 1, timestamp: 2, payload: Buffer.alloc(100) };
    expect(() => writeRtx(Buffer.alloc(113), media, RTX_SSRC, 97, 1)).toThrow(RangeError);
    expect(writeRtx(Buffer.alloc(114), media, RTX_SSRC, 97, 1)).toBe(114);
  });
});
