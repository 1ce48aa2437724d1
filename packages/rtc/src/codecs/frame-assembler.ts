// What all video depacketizers share: which packets belong to one frame, and whether all of them came. How a payload is
// made up is each codec's own.
import type { Depacketizer, EncodedFrame, RtpPayloadInfo } from './encoded-frame.ts';

/** Bounds of a frame in progress, far above any camera's: a sender cannot make us keep more. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;
const MAX_FRAME_PACKETS = 16_384;

/** Frames are told apart by timestamp and marker; a frame that a gap touches, or with a bad payload, is dropped whole. */
export abstract class FrameAssembler implements Depacketizer {
  #timestamp: number | undefined;
  /** Packets of the frame at #timestamp are being collected, or skipped if it is damaged. */
  #open = false;
  #damaged = false;
  /** Nobody knows what came before the first packet; and a packet without payload (padding) may report a gap. */
  #gapPending = true;
  #bytes = 0;
  #packets = 0;

  /** Whether this can be the first payload of a frame; `afterGap`: the packet before it is missing. */
  protected abstract begins(payload: Buffer, afterGap: boolean): boolean;
  /** Adds a payload to the frame; false if it is malformed or does not fit to what came before. */
  protected abstract add(payload: Buffer): boolean;
  /** The frame made of all that was added; undefined if that is not a whole frame. */
  protected abstract finish(timestamp: number): EncodedFrame | undefined;
  /** Forgets what was added. */
  protected abstract clear(): void;

  push(payload: Buffer, { timestamp, marker, sequenceGap }: RtpPayloadInfo): EncodedFrame[] {
    const afterGap = sequenceGap || this.#gapPending;
    this.#gapPending = afterGap && payload.length === 0;
    if (payload.length === 0) return [];

    const frames: EncodedFrame[] = [];
    const isSameFrame = this.#open && this.#timestamp === timestamp;
    if (!isSameFrame) {
      // The marker may be missing; without a gap the frame before is whole nevertheless.
      if (this.#open && !afterGap) this.#end(frames);
      this.#start(timestamp, afterGap && this.#timestamp === timestamp);
      this.#damaged ||= !this.begins(payload, afterGap);
    } else if (afterGap) {
      this.#damaged = true;
    }
    this.#bytes += payload.length;
    this.#packets++;
    this.#damaged ||= this.#bytes > MAX_FRAME_BYTES || this.#packets > MAX_FRAME_PACKETS;
    this.#damaged ||= !this.add(payload);
    if (this.#damaged) this.clear();
    if (marker) this.#end(frames);
    return frames;
  }

  reset(): void {
    this.#start(undefined, false);
    this.#open = false;
    this.#gapPending = true;
  }

  /** `isRest`: only a rest of a frame that has been given up or handed out can follow. */
  #start(timestamp: number | undefined, isRest: boolean): void {
    this.clear();
    this.#timestamp = timestamp;
    this.#open = true;
    this.#damaged = isRest;
    this.#bytes = 0;
    this.#packets = 0;
  }

  #end(frames: EncodedFrame[]): void {
    const frame = this.#damaged || this.#timestamp === undefined ? undefined : this.finish(this.#timestamp);
    if (frame) frames.push(frame);
    this.clear();
    this.#open = false;
  }
}
