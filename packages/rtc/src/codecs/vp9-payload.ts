// The VP9 payload descriptor (RFC 9628, section 4.2) and the start of VP9's uncompressed header (VP9 bitstream
// specification, section 6.2).
import { BitReader } from './bit-reader.ts';
import type { FrameSize } from './encoded-frame.ts';

const PICTURE_ID = 0x80;
const INTER_PREDICTED = 0x40;
const LAYER_INDICES = 0x20;
const FLEXIBLE = 0x10;
const BEGINS_FRAME = 0x08;
const ENDS_FRAME = 0x04;
const SCALABILITY_STRUCTURE = 0x02;

/** Where the VP9 data begins behind the descriptor; -1 if the payload is too short. */
export function vp9DataOffset(payload: Buffer): number {
  let offset = structureOffset(payload);
  if (payload[0] & SCALABILITY_STRUCTURE) {
    const flags = payload[offset++];
    if (flags & 0x10) offset += ((flags >> 5) + 1) * 4;
    if (flags & 0x08) {
      let pictures = payload[offset++];
      while (pictures-- > 0 && offset < payload.length) offset += 1 + ((payload[offset] >> 2) & 0x03);
    }
  }
  return offset < payload.length ? offset : -1;
}

/** Where the scalability structure is, if there is one: behind picture id, layer indices and reference indices. */
function structureOffset(payload: Buffer): number {
  const flags = payload[0];
  let offset = 1;
  if (flags & PICTURE_ID) offset += payload[1] & 0x80 ? 2 : 1;
  if (flags & LAYER_INDICES) offset += flags & FLEXIBLE ? 1 : 2;
  if ((flags & FLEXIBLE) !== 0 && (flags & INTER_PREDICTED) !== 0) {
    // At most three reference indices, each saying whether another follows.
    for (let i = 0; i < 3; i++) if ((payload[offset++] & 0x01) === 0) break;
  }
  return offset;
}

/** Whether the payload begins a layer frame. */
export function vp9BeginsFrame(payload: Buffer): boolean {
  return payload.length > 0 && (payload[0] & BEGINS_FRAME) !== 0;
}

/** Whether the payload is the last of a layer frame. */
export function vp9EndsFrame(payload: Buffer): boolean {
  return (payload[0] & ENDS_FRAME) !== 0;
}

/** Whether the payload begins a picture: the first layer frame of the lowest spatial layer. */
export function vp9BeginsPicture(payload: Buffer): boolean {
  return vp9BeginsFrame(payload) && spatialLayer(payload) === 0;
}

function spatialLayer(payload: Buffer): number {
  const flags = payload[0];
  if ((flags & LAYER_INDICES) === 0) return 0;
  const offset = flags & PICTURE_ID ? (payload[1] & 0x80 ? 3 : 2) : 1;
  return (payload[offset] >> 1) & 0x07;
}

/** The size of the highest spatial layer in the descriptor's scalability structure, if it is given. */
export function vp9ScalabilitySize(payload: Buffer): FrameSize | undefined {
  if ((payload[0] & SCALABILITY_STRUCTURE) === 0) return undefined;
  const offset = structureOffset(payload);
  const flags = payload[offset] ?? 0;
  const highest = offset + 1 + (flags >> 5) * 4;
  if ((flags & 0x10) === 0 || highest + 4 > payload.length) return undefined;
  return { width: payload.readUInt16BE(highest), height: payload.readUInt16BE(highest + 2) };
}

/** Whether the frame that begins at `offset` is a key frame: frame_type 0, and not a repetition of an older frame. */
export function vp9IsKeyframe(data: Buffer, offset = 0): boolean {
  if (offset >= data.length) return false;
  const first = data[offset];
  const isProfile3 = (first & 0x30) === 0x30;
  // frame_marker is 2; then the profile (three bits in profile 3), show_existing_frame and frame_type.
  return (first & 0xc0) === 0x80 && (first & (isProfile3 ? 0x06 : 0x0c)) === 0;
}

/** The size in a key frame's uncompressed header; undefined for other and for cut frames. */
export function vp9FrameSize(frame: Buffer): FrameSize | undefined {
  if (!vp9IsKeyframe(frame)) return undefined;
  const reader = new BitReader(frame);
  reader.skip(2);
  const profile = reader.bits(1) + reader.bits(1) * 2;
  if (profile === 3) reader.skip(1);
  reader.skip(4); // show_existing_frame, frame_type, show_frame, error_resilient_mode
  if (reader.bits(24) !== 0x498342) return undefined;
  if (profile >= 2) reader.skip(1); // bit depth
  const isRgb = reader.bits(3) === 7;
  if (isRgb) reader.skip(profile & 1 ? 1 : 0);
  else reader.skip(profile & 1 ? 4 : 1); // colour range and, in profiles 1 and 3, the subsampling
  const width = reader.bits(16) + 1;
  const height = reader.bits(16) + 1;
  return reader.overrun ? undefined : { width, height };
}

/**
 * The layer frames of one picture as one superframe (VP9 specification, annex B); a single one stays as it is.
 * A superframe has room for eight.
 */
export function vp9Superframe(frames: readonly Buffer[]): Buffer {
  if (frames.length === 1) return frames[0];
  const marker = 0xc0 | (3 << 3) | (frames.length - 1); // four-byte sizes
  const index = Buffer.alloc(2 + frames.length * 4, marker);
  frames.forEach((frame, i) => index.writeUInt32LE(frame.length, 1 + i * 4));
  return Buffer.concat([...frames, index]);
}
