// VP9 frames to RTP payloads (RFC 9628) in flexible mode, which needs no scalability structure: each frame but a key
// frame names the one before it as its reference. That is always true of a stream of which nothing is left out.
import type { EncodedFrame, Packetizer } from './encoded-frame.ts';

const MAX_DESCRIPTOR_LENGTH = 4;
const BEGINS_FRAME = 0x08;
const ENDS_FRAME = 0x04;
/** I and F bits. */
const KEYFRAME_FLAGS = 0x90;
/** I, P and F bits. */
const INTER_FRAME_FLAGS = 0xd0;
/** P_DIFF 1, and no further one. */
const PREVIOUS_PICTURE = 1 << 1;

export class Vp9Packetizer implements Packetizer {
  readonly #maxPayload: number;
  #pictureId = 0;

  constructor(maxPayload: number) {
    this.#maxPayload = maxPayload;
  }

  packetize({ data, keyframe }: EncodedFrame): Buffer[] {
    const payloads: Buffer[] = [];
    const step = this.#maxPayload - MAX_DESCRIPTOR_LENGTH;
    for (let offset = 0; offset < data.length; offset += step) {
      let flags = keyframe ? KEYFRAME_FLAGS : INTER_FRAME_FLAGS;
      if (offset === 0) flags |= BEGINS_FRAME;
      if (offset + step >= data.length) flags |= ENDS_FRAME;
      const descriptor = [flags, 0x80 | (this.#pictureId >> 8), this.#pictureId & 0xff];
      if (!keyframe) descriptor.push(PREVIOUS_PICTURE);
      payloads.push(Buffer.concat([Buffer.from(descriptor), data.subarray(offset, offset + step)]));
    }
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    return payloads;
  }
}
