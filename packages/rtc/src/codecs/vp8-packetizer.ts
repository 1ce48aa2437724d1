// VP8 frames to RTP payloads (RFC 7741) with 15-bit picture ids.
import type { EncodedFrame, Packetizer } from './encoded-frame.ts';

const DESCRIPTOR_LENGTH = 4;

export class Vp8Packetizer implements Packetizer {
  readonly #maxPayload: number;
  #pictureId = 0;

  constructor(maxPayload: number) {
    this.#maxPayload = maxPayload;
  }

  packetize({ data }: EncodedFrame): Buffer[] {
    const payloads: Buffer[] = [];
    const step = this.#maxPayload - DESCRIPTOR_LENGTH;
    for (let offset = 0; offset < data.length; offset += step) {
      // X bit; S bit on the first; then I bit; then M bit and picture id.
      const flags = offset === 0 ? 0x90 : 0x80;
      const descriptor = [flags, 0x80, 0x80 | (this.#pictureId >> 8), this.#pictureId & 0xff];
      payloads.push(Buffer.concat([Buffer.from(descriptor), data.subarray(offset, offset + step)]));
    }
    this.#pictureId = (this.#pictureId + 1) & 0x7fff;
    return payloads;
  }
}
