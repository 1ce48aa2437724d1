// Whether a decoder can start at a packet, told from its payload alone. On the packet path: no allocation, no throw.
import {
  CONTINUES_OBU,
  leb128LengthAt,
  NEW_CODED_VIDEO_SEQUENCE,
  OBU_SEQUENCE_HEADER,
  obuType,
  readLeb128,
} from './av1-payload.ts';
import { isFirstSlice, NAL_FU_A, NAL_IDR, NAL_SPS, NAL_STAP_A, nalType } from './h264-payload.ts';
import type { RtpCodec } from './rtp-codec.ts';
import { vp8BeginsFrame, vp8DataOffset, vp8IsKeyframe } from './vp8-payload.ts';
import { vp9BeginsPicture, vp9DataOffset, vp9IsKeyframe } from './vp9-payload.ts';

/**
 * Whether `payload` (RTP payload without padding) is the first packet of a key frame; true for all audio. With H264 both
 * the packet with the SPS and the one that begins the IDR picture count: senders may give parameter sets separately.
 */
export function startsKeyframe(codec: RtpCodec, payload: Buffer): boolean {
  switch (codec.name) {
    case 'VP8':
      return vp8BeginsFrame(payload) && vp8IsKeyframe(payload, offsetOrEnd(vp8DataOffset(payload), payload));
    case 'VP9':
      return (
        vp9BeginsPicture(payload) && vp9IsKeyframe(payload, offsetOrEnd(vp9DataOffset(payload), payload))
      );
    case 'H264':
      return h264StartsKeyframe(payload);
    case 'AV1':
      return av1StartsKeyframe(payload);
    default:
      return true;
  }
}

function offsetOrEnd(offset: number, payload: Buffer): number {
  return offset < 0 ? payload.length : offset;
}

function h264StartsKeyframe(payload: Buffer): boolean {
  if (payload.length < 2) return false;
  const type = nalType(payload[0]);
  if (type === NAL_FU_A) {
    const isStart = (payload[1] & 0x80) !== 0;
    return isStart && startsAt(payload, nalType(payload[1]), 2);
  }
  if (type !== NAL_STAP_A) return startsAt(payload, type, 1);
  for (let offset = 1; offset + 2 < payload.length;) {
    const size = payload.readUInt16BE(offset);
    offset += 2;
    if (size === 0 || offset + size > payload.length) return false;
    if (startsAt(payload, nalType(payload[offset]), offset + 1)) return true;
    offset += size;
  }
  return false;
}

/** `offset` is behind the NAL unit header. */
function startsAt(payload: Buffer, type: number, offset: number): boolean {
  return type === NAL_SPS || (type === NAL_IDR && isFirstSlice(payload, offset));
}

/** The N bit says it; senders that forget it still send a sequence header. */
function av1StartsKeyframe(payload: Buffer): boolean {
  if (payload.length < 2 || payload[0] & CONTINUES_OBU) return false;
  if (payload[0] & NEW_CODED_VIDEO_SEQUENCE) return true;
  const count = (payload[0] >> 4) & 0x03;
  let offset = 1;
  for (let index = 1; offset < payload.length; index++) {
    let size = payload.length - offset;
    if (count === 0 || index < count) {
      size = readLeb128(payload, offset);
      if (size < 0) return false;
      offset += leb128LengthAt(payload, offset);
      if (offset + size > payload.length) return false;
    }
    if (size > 0 && obuType(payload[offset]) === OBU_SEQUENCE_HEADER) return true;
    offset += size;
  }
  return false;
}
