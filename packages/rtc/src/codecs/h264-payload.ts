// H.264 NAL units in RTP (RFC 6184), in the Annex B byte stream and in the length-prefixed form of files (ISO 14496-15).
import { BitReader } from './bit-reader.ts';
import type { FrameSize } from './encoded-frame.ts';

export const NAL_SLICE = 1;
export const NAL_IDR = 5;
export const NAL_SPS = 7;
export const NAL_PPS = 8;
export const NAL_ACCESS_UNIT_DELIMITER = 9;
export const NAL_STAP_A = 24;
export const NAL_FU_A = 28;

const START_CODE = Buffer.from([0, 0, 0, 1]);

export function nalType(firstByte: number): number {
  return firstByte & 0x1f;
}

/**
 * Whether a slice whose header begins at `offset` (behind the NAL unit header) is the first of its picture:
 * first_mb_in_slice is 0, which Exp-Golomb writes as a single 1 bit.
 */
export function isFirstSlice(data: Buffer, offset: number): boolean {
  return offset < data.length && (data[offset] & 0x80) !== 0;
}

/** NAL units to an Annex B byte stream with four-byte start codes. */
export function joinAnnexB(units: readonly Buffer[]): Buffer {
  return Buffer.concat(units.flatMap((unit) => [START_CODE, unit]));
}

/** The NAL units of an Annex B byte stream, as views, without start codes and trailing zeros. */
export function splitAnnexB(data: Buffer): Buffer[] {
  const units: Buffer[] = [];
  let start = -1;
  let zeros = 0;
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) {
      zeros++;
    } else {
      if (data[i] === 1 && zeros >= 2) {
        if (start >= 0 && i - zeros > start) units.push(data.subarray(start, i - zeros));
        start = i + 1;
      }
      zeros = 0;
    }
  }
  if (start >= 0 && data.length - zeros > start) units.push(data.subarray(start, data.length - zeros));
  return units;
}

/** Annex B to NAL units with a four-byte length before each, as MP4 and Matroska keep them. */
export function annexBToAvcc(data: Buffer): Buffer {
  return Buffer.concat(
    splitAnnexB(data).flatMap((unit) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(unit.length);
      return [length, unit];
    }),
  );
}

/** Length-prefixed NAL units to Annex B; stops at the first that does not fit. `lengthSize` is 1 to 4 bytes. */
export function avccToAnnexB(data: Buffer, lengthSize = 4): Buffer {
  const units: Buffer[] = [];
  for (let offset = 0; offset + lengthSize <= data.length;) {
    const length = data.readUIntBE(offset, lengthSize);
    offset += lengthSize;
    if (length === 0 || offset + length > data.length) break;
    units.push(data.subarray(offset, offset + length));
    offset += length;
  }
  return joinAnnexB(units);
}

/** The AVCDecoderConfigurationRecord ("avcC") for one SPS and PPS, four-byte lengths (ISO 14496-15, 5.3.3.1). */
export function avcConfiguration(sps: Buffer, pps: Buffer): Buffer {
  const head = Buffer.from([
    1,
    sps[1] ?? 0,
    sps[2] ?? 0,
    sps[3] ?? 0,
    0xff,
    0xe1,
    sps.length >> 8,
    sps.length,
  ]);
  return Buffer.concat([head, sps, Buffer.from([1, pps.length >> 8, pps.length]), pps]);
}

/** What `avcConfiguration` wrote, or another writer; undefined if it is cut or not version 1. */
export function parseAvcConfiguration(
  record: Buffer,
): { sps: Buffer[]; pps: Buffer[]; lengthSize: number } | undefined {
  if (record.length < 7 || record[0] !== 1) return undefined;
  let offset = 5;
  const sets: Buffer[][] = [];
  for (const mask of [0x1f, 0xff]) {
    const units: Buffer[] = [];
    if (offset >= record.length) return undefined;
    for (let count = record[offset++] & mask; count > 0; count--) {
      if (offset + 2 > record.length) return undefined;
      const end = offset + 2 + record.readUInt16BE(offset);
      if (end > record.length) return undefined;
      units.push(record.subarray(offset + 2, end));
      offset = end;
    }
    sets.push(units);
  }
  return { sps: sets[0], pps: sets[1], lengthSize: (record[4] & 0x03) + 1 };
}

/** Profiles whose SPS has the chroma format and scaling lists (ITU-T H.264, section 7.3.2.1.1). */
const PROFILES_WITH_CHROMA_FORMAT = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/** The picture size that a sequence parameter set gives, cropping applied; undefined if it is cut or absurd. */
export function h264FrameSize(sps: Buffer): FrameSize | undefined {
  const reader = new BitReader(withoutEmulationPrevention(sps.subarray(1)));
  const profile = reader.bits(8);
  reader.skip(16); // constraints and level
  reader.exponentialGolomb(); // seq_parameter_set_id
  let chromaFormat = 1;
  if (PROFILES_WITH_CHROMA_FORMAT.has(profile)) {
    chromaFormat = reader.exponentialGolomb();
    if (chromaFormat === 3) reader.skip(1);
    reader.exponentialGolomb(); // bit depths
    reader.exponentialGolomb();
    reader.skip(1);
    if (reader.flag()) {
      for (let i = 0; i < (chromaFormat === 3 ? 12 : 8); i++) {
        if (reader.flag()) skipScalingList(reader, i < 6 ? 16 : 64);
      }
    }
  }
  reader.exponentialGolomb(); // log2_max_frame_num_minus4
  const orderType = reader.exponentialGolomb();
  if (orderType === 0) {
    reader.exponentialGolomb();
  } else if (orderType === 1) {
    reader.skip(1);
    reader.exponentialGolomb();
    reader.exponentialGolomb();
    const offsets = Math.min(reader.exponentialGolomb(), 255);
    for (let i = 0; i < offsets; i++) reader.exponentialGolomb();
  }
  reader.exponentialGolomb(); // max_num_ref_frames
  reader.skip(1);
  const widthInBlocks = reader.exponentialGolomb() + 1;
  const heightInUnits = reader.exponentialGolomb() + 1;
  const fieldFactor = reader.flag() ? 1 : 2; // frame_mbs_only_flag
  if (fieldFactor === 2) reader.skip(1);
  reader.skip(1);
  const crop = [0, 0, 0, 0];
  if (reader.flag()) crop.forEach((_, i) => (crop[i] = reader.exponentialGolomb()));
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = (chromaFormat === 1 ? 2 : 1) * fieldFactor;
  const width = widthInBlocks * 16 - (crop[0] + crop[1]) * unitX;
  const height = heightInUnits * 16 * fieldFactor - (crop[2] + crop[3]) * unitY;
  if (reader.overrun || width < 1 || height < 1 || width > 16384 || height > 16384) return undefined;
  return { width, height };
}

function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + reader.signedExponentialGolomb() + 256) % 256;
    if (next !== 0) last = next;
  }
}

/** Takes out the byte 3 that is put behind two zeros (ITU-T H.264, section 7.4.1.1). */
function withoutEmulationPrevention(data: Buffer): Buffer {
  return Buffer.from(
    data.filter((byte, i) => !(byte === 3 && i >= 2 && data[i - 1] === 0 && data[i - 2] === 0)),
  );
}
