// VP9 pictures from RTP payloads (RFC 9628); the spatial layers of a picture become one superframe.
import type { EncodedFrame, FrameSize } from './encoded-frame.ts';
import { FrameAssembler } from './frame-assembler.ts';
import {
  vp9BeginsFrame,
  vp9BeginsPicture,
  vp9DataOffset,
  vp9EndsFrame,
  vp9FrameSize,
  vp9IsKeyframe,
  vp9ScalabilitySize,
  vp9Superframe,
} from './vp9-payload.ts';

/** What a superframe has room for. */
const MAX_LAYERS = 8;

export class Vp9Depacketizer extends FrameAssembler {
  /** The layer frame in progress; empty between layer frames. */
  #parts: Buffer[] = [];
  #layerFrames: Buffer[] = [];
  #size: FrameSize | undefined;

  protected begins(payload: Buffer): boolean {
    return vp9BeginsPicture(payload);
  }

  protected add(payload: Buffer): boolean {
    const offset = vp9DataOffset(payload);
    if (offset < 0 || vp9BeginsFrame(payload) !== (this.#parts.length === 0)) return false;
    this.#size = vp9ScalabilitySize(payload) ?? this.#size;
    this.#parts.push(payload.subarray(offset));
    if (vp9EndsFrame(payload)) {
      this.#layerFrames.push(Buffer.concat(this.#parts));
      this.#parts = [];
    }
    return this.#layerFrames.length <= MAX_LAYERS;
  }

  protected finish(timestamp: number): EncodedFrame | undefined {
    if (this.#parts.length > 0 || this.#layerFrames.length === 0) return undefined;
    const keyframe = vp9IsKeyframe(this.#layerFrames[0]);
    const size = keyframe ? (this.#size ?? vp9FrameSize(this.#layerFrames[0])) : undefined;
    return { data: vp9Superframe(this.#layerFrames), timestamp, keyframe, ...size };
  }

  protected clear(): void {
    this.#parts = [];
    this.#layerFrames = [];
    this.#size = undefined;
  }
}
