// The VP8 payload descriptor (RFC 7741, section 4.2) and what a VP8 frame says about itself (RFC 6386, section 9.1).
import type { FrameSize } from './encoded-frame.ts';

/** Where the VP8 data begins behind the descriptor; -1 if the payload is too short. */
export function vp8DataOffset(payload: Buffer): number {
  let offset = 1;
  if (payload[0] & 0x80) {
    const extension = payload[1];
    offset = 2;
    if (extension & 0x80) offset += payload[2] & 0x80 ? 2 : 1; // picture id, 7 or 15 bits
    if (extension & 0x40) offset += 1; // TL0PICIDX
    if (extension & 0x30) offset += 1; // TID and KEYIDX share a byte
  }
  return offset < payload.length ? offset : -1;
}

/** Whether the payload is the first of a frame: start of partition 0. */
export function vp8BeginsFrame(payload: Buffer): boolean {
  return payload.length > 0 && (payload[0] & 0x17) === 0x10;
}

/** `offset` is where the frame begins; the bit is an inverse one. */
export function vp8IsKeyframe(data: Buffer, offset = 0): boolean {
  return offset < data.length && (data[offset] & 0x01) === 0;
}

/** The size in a key frame's header; undefined for other and for cut frames. */
export function vp8FrameSize(frame: Buffer): FrameSize | undefined {
  const hasStartCode = frame.length >= 10 && frame.readUIntBE(3, 3) === 0x9d012a;
  if (!vp8IsKeyframe(frame) || !hasStartCode) return undefined;
  return { width: frame.readUInt16LE(6) & 0x3fff, height: frame.readUInt16LE(8) & 0x3fff };
}
