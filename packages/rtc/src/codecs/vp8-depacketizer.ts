// VP8 frames from RTP payloads (RFC 7741).
import type { EncodedFrame } from './encoded-frame.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { vp8BeginsFrame, vp8DataOffset, vp8FrameSize, vp8IsKeyframe } from './vp8-payload.ts';

export class Vp8Depacketizer extends FrameAssembler {
  #parts: Buffer[] = [];

  protected begins(payload: Buffer): boolean {
    return vp8BeginsFrame(payload);
  }

  protected add(payload: Buffer): boolean {
    const offset = vp8DataOffset(payload);
    if (offset < 0 || vp8BeginsFrame(payload) !== (this.#parts.length === 0)) return false;
    this.#parts.push(payload.subarray(offset));
    return true;
  }

  protected finish(timestamp: number): EncodedFrame | undefined {
    const data = Buffer.concat(this.#parts);
    return { data, timestamp, keyframe: vp8IsKeyframe(data), ...vp8FrameSize(data) };
  }

  protected clear(): void {
    this.#parts = [];
  }
}
