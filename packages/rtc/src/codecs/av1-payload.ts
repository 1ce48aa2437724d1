// AV1 open bitstream units: in RTP (AV1 RTP payload specification, section 4) and in the low-overhead format of files
// (AV1 specification, section 5).
import { BitReader } from './bit-reader.ts';
import type { FrameSize } from './encoded-frame.ts';

export const OBU_SEQUENCE_HEADER = 1;
export const OBU_TEMPORAL_DELIMITER = 2;
export const OBU_FRAME_HEADER = 3;
export const OBU_TILE_GROUP = 4;
export const OBU_FRAME = 6;
export const OBU_TILE_LIST = 8;

/** Aggregation header bits. */
export const CONTINUES_OBU = 0x80;
export const OBU_GOES_ON = 0x40;
export const NEW_CODED_VIDEO_SEQUENCE = 0x08;

const HAS_EXTENSION = 0x04;
const HAS_SIZE = 0x02;

export function obuType(header: number): number {
  return (header >> 3) & 0x0f;
}

/** The LEB128 number at `offset`; -1 if it is cut or longer than the four bytes that any size here needs. */
export function readLeb128(data: Buffer, offset: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    if (offset + i >= data.length) return -1;
    value |= (data[offset + i] & 0x7f) << (i * 7);
    if (data[offset + i] < 0x80) return value;
  }
  return -1;
}

/** How many bytes the LEB128 number at `offset` takes, if `readLeb128` can read it. */
export function leb128LengthAt(data: Buffer, offset: number): number {
  let length = 1;
  while (data[offset + length - 1] >= 0x80) length++;
  return length;
}

/** `value` as LEB128, in as few bytes as possible. */
export function writeLeb128(value: number): Buffer {
  const bytes: number[] = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>>= 7;
  } while (value > 0);
  return Buffer.from(bytes);
}

/** An OBU without its size field: header, extension if any, and payload. Undefined if it is malformed. */
export function obuWithoutSize(obu: Buffer): Buffer | undefined {
  if (obu.length === 0 || obu[0] & 0x80) return undefined;
  const headerLength = obu[0] & HAS_EXTENSION ? 2 : 1;
  if (obu.length < headerLength) return undefined;
  if ((obu[0] & HAS_SIZE) === 0) return obu;
  const size = readLeb128(obu, headerLength);
  const start = headerLength + leb128LengthAt(obu, headerLength);
  if (size < 0 || start + size > obu.length) return undefined;
  const header = Buffer.from(obu.subarray(0, headerLength));
  header[0] &= ~HAS_SIZE;
  return Buffer.concat([header, obu.subarray(start, start + size)]);
}

/** An OBU that has no size field with one, as the pieces to be joined. */
export function obuWithSize(obu: Buffer): Buffer[] {
  const headerLength = obu[0] & HAS_EXTENSION ? 2 : 1;
  const header = Buffer.from(obu.subarray(0, headerLength));
  header[0] |= HAS_SIZE;
  return [header, writeLeb128(obu.length - headerLength), obu.subarray(headerLength)];
}

/** The OBUs of a temporal unit whose OBUs have size fields, without them; stops at the first malformed one. */
export function splitTemporalUnit(data: Buffer): Buffer[] {
  const units: Buffer[] = [];
  for (let offset = 0; offset < data.length;) {
    const headerLength = data[offset] & HAS_EXTENSION ? 2 : 1;
    const size = data[offset] & HAS_SIZE ? readLeb128(data, offset + headerLength) : -1;
    if (size < 0) {
      // Only the last OBU may do without a size: it reaches to the end.
      const last = obuWithoutSize(data.subarray(offset));
      if (last && (data[offset] & HAS_SIZE) === 0) units.push(last);
      break;
    }
    const end = offset + headerLength + leb128LengthAt(data, offset + headerLength) + size;
    const unit = obuWithoutSize(data.subarray(offset, end));
    if (end > data.length || !unit) break;
    units.push(unit);
    offset = end;
  }
  return units;
}

/** Spatial layer of an OBU that has no size field; 0 without an extension. */
export function obuSpatialLayer(obu: Buffer): number {
  return obu[0] & HAS_EXTENSION ? (obu[1] >> 3) & 0x03 : 0;
}

/** Whether a frame or frame header OBU without size field begins a key frame: show_existing_frame and frame_type 0. */
export function obuIsKeyframe(obu: Buffer): boolean {
  const type = obuType(obu[0]);
  const payload = obu[0] & HAS_EXTENSION ? 2 : 1;
  if (type !== OBU_FRAME && type !== OBU_FRAME_HEADER) return false;
  return payload < obu.length && (obu[payload] & 0xe0) === 0;
}

/** The largest frame that a sequence header OBU (without size field) allows; undefined if it is cut. Section 5.5.1. */
export function av1FrameSize(obu: Buffer): FrameSize | undefined {
  const reader = new BitReader(obu.subarray(obu[0] & HAS_EXTENSION ? 2 : 1));
  reader.skip(4); // seq_profile, still_picture
  if (reader.flag()) {
    reader.skip(5); // reduced_still_picture_header: just a level
  } else {
    skipOperatingPoints(reader);
  }
  const widthBits = reader.bits(4) + 1;
  const heightBits = reader.bits(4) + 1;
  const width = reader.bits(widthBits) + 1;
  const height = reader.bits(heightBits) + 1;
  return reader.overrun ? undefined : { width, height };
}

function skipOperatingPoints(reader: BitReader): void {
  let delayBits = 0;
  if (reader.flag()) {
    reader.skip(64); // timing_info
    if (reader.flag()) reader.exponentialGolomb();
    if (reader.flag()) {
      delayBits = reader.bits(5) + 1;
      reader.skip(42);
    }
  }
  const hasDisplayDelay = reader.flag();
  const points = reader.bits(5) + 1;
  for (let i = 0; i < points; i++) {
    reader.skip(12);
    if (reader.bits(5) > 7) reader.skip(1); // seq_level_idx, seq_tier
    if (delayBits > 0 && reader.flag()) reader.skip(delayBits * 2 + 1);
    if (hasDisplayDelay && reader.flag()) reader.skip(4);
  }
}
